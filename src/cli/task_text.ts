/** Tasks as text for people. */
import { epochOf } from "../clock/clock.ts";
import type { PermissionRequest } from "../domain/permission_request.ts";
import type { Question } from "../domain/question.ts";
import type { Task, TaskStatus } from "../domain/task.ts";
import { boundedUsage } from "../domain/usage_sums.ts";
import { clockTime, costText, duration } from "../protocol/formats.ts";
import { waitingWords } from "../protocol/waiting_words.ts";
import type { Style } from "./terminal.ts";
import { oneLine } from "./text.ts";

const STATUS_STYLE: Record<TaskStatus, Style> = {
  pending: "dim",
  queued: "cyan",
  running: "blue",
  paused: "yellow",
  completed: "green",
  failed: "red",
  cancelled: "yellow",
};

export function statusStyle(status: TaskStatus): Style {
  return STATUS_STYLE[status];
}

/** Milliseconds from the task's start to its end, or until now; undefined before it starts. */
export function runTime(task: Task, now_ms: number): number | undefined {
  if (task.started_at === undefined) return undefined;
  return (task.completed_at === undefined ? now_ms : epochOf(task.completed_at)) - epochOf(task.started_at);
}

/** What the task waits for: `claude's limit until 03:00`; undefined if it does not wait. */
export function waitInWords({ waiting_for }: Pick<Task, "waiting_for">, now_ms: number): string | undefined {
  return waiting_for && waitingWords(waiting_for, (iso) => clockTime(iso, now_ms));
}

/** What the task and those that its agent has started have cost so far; undefined where that is unknown or nothing. */
export function costInWords(task: Pick<Task, "usage" | "delegated_usage">): string | undefined {
  const usage = boundedUsage(task.usage, task.delegated_usage);
  return usage && usage.cost_source !== "unknown" && usage.cost_usd > 0 ? costText(usage) : undefined;
}

/** `running for 12 s`, `completed in 3.2 s`, `queued, waits for a free slot`. */
export function statusInWords(task: Task, now_ms: number): string {
  const ms = runTime(task, now_ms);
  if (ms === undefined || task.status === "queued" || task.status === "pending") {
    const wait = waitInWords(task, now_ms);
    return wait === undefined ? task.status : `${task.status}, waits for ${oneLine(wait)}`;
  }
  return task.completed_at === undefined
    ? `${task.status} for ${duration(ms)}`
    : `${task.status} ${task.status === "completed" ? "in" : "after"} ${duration(ms)}`;
}

/** `2/5`; empty if the agent reports no steps. */
export function steps(task: Pick<Task, "progress_details">): string {
  const { completed_steps, total_steps } = task.progress_details ?? {};
  return total_steps ? `${completed_steps ?? 0}/${total_steps}` : "";
}

/** The task's open permission requests, the oldest first. */
export function openPermissions(task: Task): PermissionRequest[] {
  return task.pending_permissions ?? [];
}

/** The task's open questions, the oldest first. */
export function openQuestions(task: Task): Question[] {
  return task.pending_questions ?? [];
}
