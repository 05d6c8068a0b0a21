/** The values of a task's priority and status as plain lists, for modules that do not load schemas. */

/** From the lowest to the highest. */
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

/** What a client may do with a task, and the statuses that allow it. */
export const ALLOWED_FROM = {
  pause: ["pending", "queued", "running"],
  resume: ["paused"],
  retry: ["failed", "cancelled"],
  cancel: ["pending", "queued", "running", "paused"],
} as const satisfies Record<string, readonly TaskStatus[]>;

/** A record, so that a new status must be classified here. */
const FINISHED: Record<TaskStatus, boolean> = {
  pending: false,
  queued: false,
  running: false,
  paused: false,
  completed: true,
  failed: true,
  cancelled: true,
};

export const FINISHED_STATUSES = TASK_STATUSES.filter((status) => FINISHED[status]);

/** Whether a task with this status has ended; it may still be retried. */
export function isFinished(status: TaskStatus): boolean {
  return FINISHED[status];
}

/** Whether a person has decided what becomes of the task's changes. */
export function isJudged(review: string | undefined): review is "accepted" | "discarded" {
  return review === "accepted" || review === "discarded";
}
