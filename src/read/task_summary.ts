/** The summary of all tasks. */
import { epochOf } from "../clock/clock.ts";
import type { TaskSummary } from "../protocol/system_messages.ts";
import type { TaskRecord } from "../domain/task_record.ts";

/** `active_workers`: agents at work now. Archived tasks do not count. */
export function summarise(tasks: Iterable<TaskRecord>, active_workers: number): TaskSummary {
  const counts = { pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0, queued: 0, paused: 0 };
  let total = 0;
  let spent_ms = 0;
  for (const { state } of tasks) {
    if (state.archived) continue;
    total++;
    counts[state.status]++;
    if (state.status === "completed" && state.started_at !== undefined && state.completed_at !== undefined) {
      spent_ms += epochOf(state.completed_at) - epochOf(state.started_at);
    }
  }
  const ended = counts.completed + counts.failed;
  return {
    total,
    ...counts,
    active_workers,
    queue_depth: counts.queued + counts.pending,
    average_completion_time: Math.round(spent_ms / Math.max(1, counts.completed)),
    success_rate_percent: Math.round((1000 * counts.completed) / Math.max(1, ended)) / 10,
  };
}
