/** Colours, where the terminal shows them. */
import type { LogLevel } from "../protocol/log.ts";
import type { TaskStatus } from "../protocol/task.ts";
import type { Terminal } from "./terminal.ts";

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;
export type Style = keyof typeof CODES;

export function styled(terminal: Terminal, style: Style | undefined, text: string): string {
  return terminal.colors && style !== undefined ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
}

export const STATUS_STYLE: Record<TaskStatus, Style | undefined> = {
  pending: "dim",
  queued: "cyan",
  running: "blue",
  paused: "yellow",
  completed: "green",
  failed: "red",
  cancelled: "magenta",
};

export const LEVEL_STYLE: Record<LogLevel, Style | undefined> = {
  debug: "dim",
  info: undefined,
  warn: "yellow",
  error: "red",
  fatal: "red",
};
