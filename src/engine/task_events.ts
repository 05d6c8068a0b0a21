/** Changes of a task's status as entries of its log, but for those that are told already. Pure. */
import type { TaskRecord } from "../domain/task_record.ts";
import type { NewEntry } from "../store/log_line.ts";

/**
 * Undefined where others say it: a new task is in the list of tasks, and the attempts tell that they began and how they
 * ended.
 */
export function entryOfChange(before: TaskRecord | undefined, after: TaskRecord): NewEntry | undefined {
  const { id, state } = after;
  const old_status = before?.state.status;
  const new_status = state.status;
  const failed = new_status === "failed";
  if (!before && !failed) return undefined;
  if (new_status === "running" && old_status !== "paused") return undefined;
  if (old_status === "running" && (new_status === "completed" || failed)) return undefined;
  const why = failed && state.error !== undefined ? `: ${state.error}` : "";
  return {
    level: failed ? "error" : "info",
    message: before
      ? `Task is ${new_status} now, after ${old_status}${why}`
      : `Task ${new_status} at once${why}`,
    agent: id,
    source: "engine",
    details: { ...(before ? { old_status } : {}), new_status },
    context: { task_id: id },
  };
}
