/** Tasks and log entries as people read them. */
import { epochOf } from "../clock/clock.ts";
import type { LogEntry, LogLevel } from "../domain/log_entry.ts";
import type { Task, TaskStatus } from "../domain/task.ts";
import type { Style, Terminal } from "./terminal.ts";
import { clean, oneLine } from "./text.ts";
import { duration } from "../protocol/formats.ts";

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

const LEVEL_STYLE: Record<LogLevel, Style[]> = {
  debug: ["dim"],
  info: [],
  warn: ["yellow"],
  error: ["red"],
  fatal: ["red", "bold"],
};

export function levelStyle(level: LogLevel): Style[] {
  return LEVEL_STYLE[level];
}

/** The levels from this one up. */
export function levelsFrom(lowest: LogLevel): LogLevel[] {
  const all: LogLevel[] = ["debug", "info", "warn", "error", "fatal"];
  return all.slice(all.indexOf(lowest));
}

/** `12:00:01 info  task_1  message`; further lines of the message are indented below. */
export function logLines(
  { time, level, agent, message }: LogEntry,
  terminal: Terminal,
  withAgent: boolean,
): string {
  const [date, clock] = [time.slice(0, 10), time.slice(11, 19)];
  const head = `${withAgent ? `${date} ` : ""}${clock} ${level.padEnd(5)} `;
  const body = clean(message).trimEnd().replaceAll("\n", `\n${" ".repeat(head.length)}`);
  return terminal.paint(head, "dim") + (withAgent ? `${terminal.paint(oneLine(agent), "cyan")}  ` : "") +
    terminal.paint(body, ...LEVEL_STYLE[level] ?? []);
}

/** Milliseconds the task has taken so far; undefined before it started. */
export function taken(task: Task, now_ms: number): number | undefined {
  if (task.started_at === undefined) return undefined;
  return (task.completed_at === undefined ? now_ms : epochOf(task.completed_at)) - epochOf(task.started_at);
}

/** `running for 12 s`, `completed in 3.2 s`, `queued`. */
export function statusInWords(task: Task, now_ms: number): string {
  const time = taken(task, now_ms);
  if (time === undefined || task.status === "queued" || task.status === "pending") return task.status;
  return task.completed_at === undefined
    ? `${task.status} for ${duration(time)}`
    : `${task.status} ${task.status === "completed" ? "in" : "after"} ${duration(time)}`;
}

/** `2 of 5 steps`, or nothing. */
export function steps(task: Pick<Task, "progress_details">): string {
  const { completed_steps, total_steps } = task.progress_details ?? {};
  return total_steps ? `${completed_steps ?? 0}/${total_steps}` : "";
}

/** An open permission request of a task. */
export interface OpenPermission {
  permission_id: string;
  title: string;
}

export function openPermissions(task: Task): OpenPermission[] {
  return (task.pending_permissions ?? []) as unknown as OpenPermission[];
}
