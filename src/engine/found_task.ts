/** Finds the task that a client names. */
import { ApiError } from "../domain/errors.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { TaskMemory } from "../read/task_index.ts";

/** Throws `TASK_NOT_FOUND`. */
export function foundTask(id: string, tasks: TaskMemory): TaskRecord {
  const task = tasks.get(id);
  if (!task) throw new ApiError("TASK_NOT_FOUND", `Task with ID '${id}' not found`, { task_id: id });
  return task;
}
