/** The values of a task's type, priority and status: plain lists, for those who want no schema with them. */

export const TASK_TYPES = [
  "testing",
  "documentation",
  "analysis",
  "deployment",
  "maintenance",
  "security",
  "refactoring",
  "feature",
  "bugfix",
  "research",
] as const;

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

const FINISHED: readonly (typeof TASK_STATUSES)[number][] = ["completed", "failed", "cancelled"];

/** Whether a task of this status is over, unless somebody retries it. */
export function isFinished(status: (typeof TASK_STATUSES)[number]): boolean {
  return FINISHED.includes(status);
}
