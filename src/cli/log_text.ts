/** Log entries as text for people. */
import { type LogEntry, LogLevel } from "../domain/log_entry.ts";
import { localDateTime, localTimeOfDay } from "./local_time.ts";
import type { Style, Terminal } from "./terminal.ts";
import { clean, oneLine } from "./text.ts";

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

/** This level and the more severe ones. */
export function levelsFrom(lowest: LogLevel): LogLevel[] {
  const all = LogLevel.options;
  return all.slice(all.indexOf(lowest));
}

/** `12:00:01 info  task_1  message`, in local time; further lines of the message are indented below. */
export function logLines(
  { time, level, agent, message }: LogEntry,
  terminal: Terminal,
  withAgent: boolean,
): string {
  const head = `${withAgent ? localDateTime(time) : localTimeOfDay(time)} ${level.padEnd(5)} `;
  const body = clean(message).trimEnd().replaceAll("\n", `\n${" ".repeat(head.length)}`);
  return terminal.paint(head, "dim") + (withAgent ? `${terminal.paint(oneLine(agent), "cyan")}  ` : "") +
    terminal.paint(body, ...LEVEL_STYLE[level] ?? []);
}
