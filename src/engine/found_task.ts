/** Finds the task that a client names. */
import { type OwnWorktree, requireAtRest, requireOwnWorktree } from "../domain/accepting.ts";
import { ApiError } from "../domain/errors.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { TaskMemory } from "../read/task_index.ts";

/** Throws `TASK_NOT_FOUND`. */
export function foundTask(id: string, tasks: TaskMemory): TaskRecord {
  const task = tasks.get(id);
  if (!task) throw new ApiError("TASK_NOT_FOUND", `Task with ID '${id}' not found`, { task_id: id });
  return task;
}

/** The task with its worktree. Throws `INVALID_FIELD_VALUE` unless it has ended and has work of its own to be judged. */
export function taskAtRest(
  id: string,
  tasks: TaskMemory,
  operation: string,
): { record: TaskRecord; worktree: OwnWorktree } {
  const record = foundTask(id, tasks);
  requireAtRest(record, operation);
  return { record, worktree: requireOwnWorktree(record, operation) };
}
