/** A permission request with its two answers; the task's page has the details. */
import { ShieldQuestion } from "lucide-preact";
import { askedText } from "../../../domain/asked_words.ts";
import type { PermissionDecision } from "../../../domain/permission_request.ts";
import { useState } from "preact/hooks";
import type { Task } from "../../../domain/task.ts";
import { answerPermission, openPermissions } from "../../data/permissions.ts";
import { refreshTask } from "../../data/tasks.ts";
import { Ago } from "../../ui/time.tsx";
import { attempt, toastError } from "../../ui/toast.tsx";
import "./permission_asked.css";

const DONE = { allow: "Allowed", deny: "Denied" };

/** Answers the oldest request of the task. */
export async function answerFirst(task: Task, decision: PermissionDecision): Promise<void> {
  const [open] = openPermissions(task);
  if (!open) return;
  const isDone = await attempt(
    () => answerPermission(task.id, open.permission_id, { decision }),
    `${DONE[decision]}: ${open.title}`,
  );
  // Someone else may have answered first.
  if (!isDone) await refreshTask(task.id).catch(toastError);
}

export function PermissionAsked({ task }: { task: Task }) {
  const [isAnswering, setAnswering] = useState(false);
  const [open, ...others] = openPermissions(task);
  if (!open) return null;
  const answer = async (decision: PermissionDecision) => {
    setAnswering(true);
    await answerFirst(task, decision);
    setAnswering(false);
  };
  return (
    <div class="task-asks" role="group" aria-label={`Permission for ${task.id}`}>
      <div class="task-asks-what">
        <ShieldQuestion size={16} aria-hidden="true" />
        <span title={askedText(open)}>Asks: {askedText(open)}</span>
      </div>
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
