/** What goes along with the answer to a permission request: whether it counts from now on, and what the agent is told with a denial. */
import { Link } from "wouter-preact";
import { rememberedText } from "../../../domain/asked_words.ts";
import type { PermissionRequest } from "../../../domain/permission_request.ts";
import type { RememberScope } from "../../../domain/remembered.ts";
import "./answer_fields.css";

/** What is chosen and written so far. */
export interface AnswerDraft {
  remember: RememberScope | "";
  message: string;
}

export const EMPTY_DRAFT: AnswerDraft = { remember: "", message: "" };

/** What goes along with the answer. */
export interface AnswerMore {
  remember?: RememberScope;
  message?: string;
}

export function moreWith({ remember, message }: AnswerDraft, isDenial: boolean): AnswerMore {
  return {
    remember: remember === "" ? undefined : remember,
    message: isDenial && message.trim() !== "" ? message : undefined,
  };
}

interface AnswerFieldsProps {
  asked: PermissionRequest;
  /** The configured project of the task. */
  project: string | undefined;
  isBusy: boolean;
  draft: AnswerDraft;
  onChange: (draft: AnswerDraft) => void;
}

export function AnswerFields({ asked, project, isBusy, draft, onChange }: AnswerFieldsProps) {
  const { remember, message } = draft;
  const scope = rememberedText(asked);
  const what = shortOf(asked);
  return (
    <>
      {scope === undefined
        ? (
          <p class="muted">
            This request names neither a command nor files, so an answer cannot be remembered.
          </p>
        )
        : (
          <label class="permission-remember">
            <span>This answer counts</span>
            <select
              value={remember}
              disabled={isBusy}
              onChange={({ currentTarget }) =>
                onChange({ ...draft, remember: currentTarget.value as RememberScope | "" })}
            >
              <option value="">Once</option>
              <option value="task">Always in this task: {what}</option>
              {project !== undefined && <option value="project">Always in project {project}: {what}</option>}
            </select>
            {remember !== "" && (
              <span class="permission-scope">
                For {scope}. <Link href="/server/remembered">What is remembered</Link> can be forgotten again.
              </span>
            )}
          </label>
        )}
      <label class="permission-message">
        <span>If you deny it, tell the agent</span>
        <textarea
          rows={1}
          value={message}
          disabled={isBusy}
          placeholder="Why, or what to do instead"
          onInput={({ currentTarget }) => onChange({ ...draft, message: currentTarget.value })}
        />
      </label>
    </>
  );
}

const SHORT = 60;

/** The command or the files, as a choice has room for them. The whole of it stands beside. */
function shortOf({ remembers }: PermissionRequest): string {
  const text = remembers?.command ?? remembers?.paths?.join(", ") ?? "";
  return text.length <= SHORT ? text : `${text.slice(0, SHORT)}…`;
}
