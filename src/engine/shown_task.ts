/** A task as clients see it: its record, what it waits for and, while it runs, what its agent is doing. */
import type { Task } from "../domain/task.ts";
import { holdsSlot, type TaskRecord, taskView } from "../domain/task_record.ts";
import { type Surroundings, waitingFor } from "../domain/waiting_rule.ts";
import type { RunningAttempt } from "./attempt/running_attempt.ts";

export interface Seen extends Omit<Surroundings, "permissions"> {
  /** The task's attempt, if this server runs it. */
  run: Pick<RunningAttempt, "runtime_status" | "permissions"> | undefined;
}

export function shownTask(record: TaskRecord, { run, ...around }: Seen): Task {
  const view = taskView(record);
  if (!run || !holdsSlot(record.state)) {
    view.waiting_for = waitingFor(record, { ...around, permissions: [] });
    return view;
  }
  const { permissions, runtime_status } = run;
  return {
    ...view,
    runtime_status,
    pending_permissions: permissions.length > 0 ? [...permissions] : undefined,
    waiting_for: waitingFor(record, { ...around, permissions }),
  };
}
