/** A log entry as a line. */
import { epochOf } from "../clock/clock.ts";
import type { LogEntry } from "../protocol/log.ts";
import { LEVEL_STYLE, styled } from "./style.ts";
import { printable, type Terminal } from "./screen.ts";

// Sweden writes dates the way ISO does.
const LOCAL_TIME = new Intl.DateTimeFormat("sv-SE", { timeStyle: "medium" });
const LOCAL_DATE_TIME = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });

export interface LineOptions {
  /** Whose entry it is, where entries of many stand together. */
  agent: boolean;
  date: boolean;
}

/** In a terminal local time, otherwise the entry's own timestamp. */
export function logLine(terminal: Terminal, entry: LogEntry, { agent, date }: LineOptions): string {
  const time = terminal.isTTY
    ? (date ? LOCAL_DATE_TIME : LOCAL_TIME).format(epochOf(entry.time))
    : entry.time;
  const level = entry.level.toUpperCase().padEnd(5);
  const who = agent ? `${printable(entry.agent)}: ` : "";
  const text = printable(entry.message).trimEnd();
  const stack = entry.stack_trace ? `\n${printable(entry.stack_trace)}` : "";
  return [
    styled(terminal, "dim", time),
    styled(terminal, LEVEL_STYLE[entry.level], level),
    who + styled(terminal, LEVEL_STYLE[entry.level], text + stack),
  ].join(" ");
}
