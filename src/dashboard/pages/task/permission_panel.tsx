/** The agent's permission requests: what it wants to do, the possible answers, and the time left to answer. */
import { ShieldQuestion } from "lucide-preact";
import { useState } from "preact/hooks";
import { narrowestOption } from "../../../domain/permission_answer.ts";
import type {
  PermissionDecision,
  PermissionOption as Option,
  PermissionRequest,
} from "../../../domain/permission_request.ts";
import type { Task } from "../../../domain/task.ts";
import { answerPermission, openPermissions } from "../../data/permissions.ts";
import { folderOf, toldFrom } from "../../../domain/task_folder.ts";
import { refreshTask } from "../../data/tasks.ts";
import { useShortcuts } from "../../keys.ts";
import { attempt, toastError } from "../../ui/toast.tsx";
import { TimeLeft } from "./asked.tsx";
import { AnswerFields, type AnswerMore, EMPTY_DRAFT, moreWith } from "./answer_fields.tsx";
import { RequestDetails } from "./request_details.tsx";
import "./permission_panel.css";

export function PermissionPanels({ task }: { task: Task }) {
  const open = openPermissions(task);
  const [answering, setAnswering] = useState<string>();
  const answer = async (asked: PermissionRequest, { option_id, name }: Option, more: AnswerMore = {}) => {
    setAnswering(asked.permission_id);
    const isDone = await attempt(
      () => answerPermission(task.id, asked.permission_id, { option_id, ...more }),
      `${name}: ${asked.title}`,
    );
    // Someone else may have answered first, or the time is up.
    if (!isDone) await refreshTask(task.id).catch(toastError);
    setAnswering(undefined);
  };
  const press = (decision: PermissionDecision) => {
    const [first] = open;
    const option = first && narrowestOption(first.options, decision);
    if (first && option && answering === undefined) void answer(first, option);
  };
  useShortcuts(
    open.length === 0 ? [] : [
      { key: "a", does: "Allow the agent's request", run: () => press("allow") },
      { key: "d", does: "Deny the agent's request", run: () => press("deny") },
    ],
    [open.map(({ permission_id }) => permission_id).join(), answering],
  );
  return (
    <div class="asked-list" hidden={open.length === 0}>
      <p class="visually-hidden" role="status">
        {open[0] && `The agent asks for permission: ${open[0].title}`}
      </p>
      {open.map((asked, index) => (
        <PermissionPanel
          key={asked.permission_id}
          asked={asked}
          isFirst={index === 0}
          isBusy={answering === asked.permission_id}
          project={task.project}
          folder={folderOf(task)}
          onAnswer={(option, more) => void answer(asked, option, more)}
        />
      ))}
    </div>
  );
}

interface PermissionPanelProps {
  asked: PermissionRequest;
  /** Whether the keys answer this request. */
  isFirst: boolean;
  isBusy: boolean;
  /** The configured project of the task. */
  project: string | undefined;
  /** The task's folder, left out of paths. */
  folder: string | undefined;
  onAnswer: (option: Option, more: AnswerMore) => void;
}

function PermissionPanel({ asked, isFirst, isBusy, project, folder, onAnswer }: PermissionPanelProps) {
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  const { title, tool_call, options, expires_at } = asked;
  const { kind } = tool_call;
  const keyOf = (option: Option) =>
    !isFirst
      ? undefined
      : option === narrowestOption(options, "allow")
      ? "a"
      : option === narrowestOption(options, "deny")
      ? "d"
      : undefined;
  return (
    <section class="card asked permission" aria-label={`Permission: ${title}`}>
      <header>
        <ShieldQuestion size={22} aria-hidden="true" />
        <div>
          <p>
            The agent asks for permission
            {typeof kind === "string" && kind !== "other" && <span class="call-kind">{kind}</span>}
          </p>
          <h2 title={title}>{toldFrom(folder, title)}</h2>
        </div>
        {expires_at !== undefined && <TimeLeft iso={expires_at} outcome="denied" />}
      </header>
      <RequestDetails asked={asked} />
      <AnswerFields asked={asked} project={project} isBusy={isBusy} draft={draft} onChange={setDraft} />
      <div class="buttons">
        {options.map((option) => {
          const key = keyOf(option);
          return (
            <button
              key={option.option_id}
              type="button"
              class={option.kind.startsWith("reject") ? "danger" : key === "a" ? "primary" : ""}
              disabled={isBusy}
              onClick={() => onAnswer(option, moreWith(draft, option.kind.startsWith("reject")))}
            >
              {option.name}
              {key && <kbd aria-hidden="true">{key}</kbd>}
            </button>
          );
        })}
        {options.length === 0 && (
          <span class="muted">
            The agent offers no answer that this page can give.
          </span>
        )}
      </div>
    </section>
  );
}
