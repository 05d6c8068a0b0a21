/** The level that a line of a program's own log states. Pure. */
import type { LogLevel } from "../../domain/log_entry.ts";

const LEVELS: Record<string, LogLevel> = {
  trace: "debug",
  debug: "debug",
  log: "info",
  info: "info",
  notice: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  severe: "error",
  critical: "fatal",
  fatal: "fatal",
};
const NAMES = Object.keys(LEVELS).join("|");
const TIME = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*`;

const STAMP = new RegExp(String.raw`^\[${TIME}\] \[(${NAMES})\] `, "i");

/** The ways of stating it that are in use; the first group is the level. */
const WAYS = [
  // [2026-11-30T13:32:08.106Z] [WARN] Attempt 1 failed
  STAMP,
  // timestamp=2026-11-30T13:30:14.997Z level=ERROR run=9ec1e6df message="stream error"
  new RegExp(String.raw`^(?:\w+=\S+ )?level=(${NAMES})\b`, "i"),
  // 2026-11-30T13:30:14.997Z  WARN codex_core: …
  new RegExp(String.raw`^\[?${TIME}\]?\s+\[?(${NAMES})\]?:?\s`, "i"),
  // [warn] …
  new RegExp(String.raw`^\[(${NAMES})\]\s`, "i"),
  // WARN …: only in capitals, since a sentence may begin with such a word
  /^(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL):?\s/,
  // warning: …
  /^(warning|error|fatal|info|debug): /i,
];

/** The level that `line` states; undefined if it states none. */
export function statedLevel(line: string): LogLevel | undefined {
  for (const way of WAYS) {
    const [, level] = way.exec(line) ?? [];
    if (level !== undefined) return LEVELS[level.toLowerCase()];
  }
  return undefined;
}

/** `line` without the time and level before it in brackets: programs print such a line a second time without them. */
export function withoutStamp(line: string): string {
  return line.replace(STAMP, "");
}

/** Whether `line` belongs to the one before it, as the frames of a stack and the fields of a printed object do. */
export function continuesLine(line: string): boolean {
  return /^(\s+\S|[}\])]+[,;]?(\s|$))/.test(line);
}
