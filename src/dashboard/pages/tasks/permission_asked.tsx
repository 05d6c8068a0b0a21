/** A permission request in full, with its two answers. */
import { ShieldQuestion } from "lucide-preact";
import { askedText } from "../../../domain/asked_words.ts";
import type { PermissionDecision, PermissionRequest } from "../../../domain/permission_request.ts";
import { useState } from "preact/hooks";
import type { Task } from "../../../domain/task.ts";
import { answerPermission, openPermissions } from "../../data/permissions.ts";
import { folderOf, toldFrom } from "../../../domain/task_folder.ts";
import { refreshTask } from "../../data/tasks.ts";
import { Ago } from "../../ui/time.tsx";
import { attempt, toastError } from "../../ui/toast.tsx";
import { AnswerFields, type AnswerMore, EMPTY_DRAFT, moreWith } from "../task/answer_fields.tsx";
import { RequestDetails } from "../task/request_details.tsx";
import "./permission_asked.css";

const DONE = { allow: "Allowed", deny: "Denied" };

/** Answers the oldest request of the task. */
export async function answerFirst(
  task: Task,
  decision: PermissionDecision,
  more: AnswerMore = {},
): Promise<void> {
  const [open] = openPermissions(task);
  if (!open) return;
  const isDone = await attempt(
    () => answerPermission(task.id, open.permission_id, { decision, ...more }),
    `${DONE[decision]}: ${open.title}`,
  );
  // Someone else may have answered first.
  if (!isDone) await refreshTask(task.id).catch(toastError);
}

/** Whether there is more to see than its title says. */
function hasDetails({ tool_call: { explanation, diffs, raw_input, locations, outside } }: PermissionRequest) {
  return [explanation, diffs, raw_input, locations, outside].some((one) => one !== undefined);
}

/** `isRow`: in a list, which keeps its rows low, a click shows the rest. */
export function PermissionAsked({ task, isRow = false }: { task: Task; isRow?: boolean }) {
  const [isAnswering, setAnswering] = useState(false);
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  const [open, ...others] = openPermissions(task);
  if (!open) return null;
  const answer = async (decision: PermissionDecision) => {
    setAnswering(true);
    await answerFirst(task, decision, moreWith(draft, decision === "deny"));
    setDraft(EMPTY_DRAFT);
    setAnswering(false);
  };
  const whole = hasDetails(open) && (
    <div class="task-asks-whole" role="region" aria-label="What it wants to do" tabIndex={0}>
      <RequestDetails asked={open} />
    </div>
  );
  return (
    <div class="task-asks" role="group" aria-label={`Permission for ${task.id}`}>
      <div class="task-asks-what">
        <ShieldQuestion size={16} aria-hidden="true" />
        <span title={askedText(open)}>Asks: {toldFrom(folderOf(task), askedText(open))}</span>
      </div>
      {!isRow && whole}
      <details class="task-asks-more" key={open.permission_id}>
        <summary>{isRow ? "See it all" : "Always, or with a reason"}</summary>
        {isRow && whole}
        <AnswerFields
          asked={open}
          project={task.project}
          isBusy={isAnswering}
          draft={draft}
          onChange={setDraft}
        />
      </details>
      <div class="buttons">
        <button type="button" class="primary" disabled={isAnswering} onClick={() => void answer("allow")}>
          Allow
        </button>
        <button type="button" disabled={isAnswering} onClick={() => void answer("deny")}>Deny</button>
        <span class="task-asks-until">
          {others.length > 0 && `${others.length} more, `}
          {open.expires_at === undefined ? "waits" : (
            <>
              denied <Ago iso={open.expires_at} />
            </>
          )}
        </span>
      </div>
    </div>
  );
}
