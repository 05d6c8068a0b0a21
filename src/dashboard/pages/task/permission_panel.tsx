/** The agent's permission requests: what it wants to do, the possible answers, and the time left to answer. */
import { ShieldQuestion } from "lucide-preact";
import { useState } from "preact/hooks";
import { narrowestOption } from "../../../domain/permission_answer.ts";
import { outsideOf, rememberedText } from "../../../domain/asked_words.ts";
import type {
  PermissionDecision,
  PermissionOption as Option,
  PermissionRequest,
} from "../../../domain/permission_request.ts";
import type { RememberScope } from "../../../domain/remembered.ts";
import type { Task } from "../../../domain/task.ts";
import { answerPermission, openPermissions } from "../../data/permissions.ts";
import { refreshTask } from "../../data/tasks.ts";
import { useShortcuts } from "../../keys.ts";
import { attempt, toastError } from "../../ui/toast.tsx";
import { TimeLeft } from "./asked.tsx";
import { DiffView } from "./diff_view.tsx";
import type { FileDiff } from "../../../domain/file_diff.ts";
import { Places, ValueView } from "./value_view.tsx";
import "./permission_panel.css";

export function PermissionPanels({ task }: { task: Task }) {
  const open = openPermissions(task);
  const [answering, setAnswering] = useState<string>();
  const answer = async (asked: PermissionRequest, { option_id, name }: Option, more: More = {}) => {
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
          onAnswer={(option, more) => void answer(asked, option, more)}
        />
      ))}
    </div>
  );
}

/** What goes along with an answer. */
interface More {
  remember?: RememberScope;
  message?: string;
}

interface PermissionPanelProps {
  asked: PermissionRequest;
  /** Whether the keys answer this request. */
  isFirst: boolean;
  isBusy: boolean;
  /** The configured project of the task. */
  project: string | undefined;
  onAnswer: (option: Option, more: More) => void;
}

function PermissionPanel({ asked, isFirst, isBusy, project, onAnswer }: PermissionPanelProps) {
  const [remember, setRemember] = useState<RememberScope | "">("");
  const [message, setMessage] = useState("");
  const scope = rememberedText(asked);
  const moreFor = ({ kind }: Option): More => ({
    remember: remember === "" ? undefined : remember,
    message: kind.startsWith("reject") && message.trim() !== "" ? message : undefined,
  });
  const { title, tool_call, options, expires_at } = asked;
  const { kind, raw_input, explanation, locations, diffs } = tool_call;
  const outside = outsideOf(asked);
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
          <h2>{title}</h2>
        </div>
        {expires_at !== undefined && <TimeLeft iso={expires_at} outcome="denied" />}
      </header>
      {outside.length > 0 && (
        <div class="permission-outside">
          <p>Outside the task's folder:</p>
          <Places paths={outside} />
        </div>
      )}
      {typeof explanation === "string" && <pre class="permission-explanation">{explanation}</pre>}
      {Array.isArray(diffs) &&
        (diffs as FileDiff[]).map((diff, index) => (
          <div class="permission-diff" key={index}>
            <code>{diff.path}</code>
            <DiffView diff={diff} label={`Requested change of ${diff.path}`} />
          </div>
        ))}
      {raw_input !== undefined && <ValueView value={raw_input} />}
      {Array.isArray(locations) && raw_input === undefined && (
        <Places paths={locations.map(String).filter((path) => !outside.includes(path))} />
      )}
      {scope === undefined
        ? (
          <p class="muted">
            This request names neither a command nor files, so an answer cannot be remembered.
          </p>
        )
        : (
          <label class="permission-remember">
            <span>Next time</span>
            <select
              value={remember}
              disabled={isBusy}
              onChange={({ currentTarget }) => setRemember(currentTarget.value as RememberScope | "")}
            >
              <option value="">Ask again</option>
              <option value="task">Answer the same in this task</option>
              {project !== undefined && (
                <option value="project">Answer the same in all tasks of {project}</option>
              )}
            </select>
            {remember !== "" && <span class="permission-scope">Counts for {scope}.</span>}
          </label>
        )}
      <label class="permission-message">
        <span>If you deny it, tell the agent</span>
        <textarea
          rows={1}
          value={message}
          disabled={isBusy}
          placeholder="What to do instead"
          onInput={({ currentTarget }) => setMessage(currentTarget.value)}
        />
      </label>
      <div class="buttons">
        {options.map((option) => {
          const key = keyOf(option);
          return (
            <button
              key={option.option_id}
              type="button"
              class={option.kind.startsWith("reject") ? "danger" : key === "a" ? "primary" : ""}
              disabled={isBusy}
              onClick={() => onAnswer(option, moreFor(option))}
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
