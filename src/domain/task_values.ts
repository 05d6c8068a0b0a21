/** The values of a task's priority and status: plain lists, for those who want no schema with them. */

/** In rising order; the order is the rank. */
export const PRIORITIES = ["low", "medium", "high", "critical"] as const;

export const TASK_STATUSES = [
  "pending",
  "running",
  "completed",
  "failed",
  "cancelled",
  "paused",
  "queued",
] as const;

type TaskStatus = typeof TASK_STATUSES[number];

/** A status that is added is to be decided on here. */
const FINISHED: Record<TaskStatus, boolean> = {
  pending: false,
  queued: false,
  running: false,
  paused: false,
  completed: true,
  failed: true,
  cancelled: true,
};

/** Whether a task with this status has ended; it may still be retried. */
export function isFinished(status: TaskStatus): boolean {
  return FINISHED[status];
}
