/**
 * Cron expressions of five fields. The library decides which local times an expression names. When such a time comes is
 * decided by `time_zones.ts`, as for all schedules: one that clocks skip comes when they have jumped, one that they repeat
 * the first time. Pure.
 */
import { Cron } from "croner";
import { instantOf, localTime } from "./time_zones.ts";

const FIELDS = "five fields: minute, hour, day of the month, month, day of the week";
/** The library knows more than crontab does: `@daily`, `L`, `W`, `#`, `?`, `+`. Names are looked at by the library. */
const CRONTAB = /^[\d*,/\- \t]*$/;
const NAMES = /\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)\b/gi;

/** Reading an expression costs more than asking it. Bounded, since any may be sent. */
const known = new Map<string, Cron>();
const KNOWN_MAX = 200;

/** Why the text is no cron expression; undefined if it is one. */
export function cronProblem(text: string): string | undefined {
  if (!CRONTAB.test(text.replace(NAMES, ""))) return `${FIELDS}, of numbers, names, and * , - /`;
  if (text.trim().split(/[ \t]+/).length !== 5) return FIELDS;
  try {
    return read(text).nextRun("1970-01-01T00:00:00") === null ? "a time that comes some day" : undefined;
  } catch (error) {
    return `${FIELDS} (${reasonOf(error)})`;
  }
}

/** The library throws for what it cannot read, and says what that is. It counts some values from 0, and calls a range by its ends. */
function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error);
  const [, range] = /^From value is larger than to value: '(\S+)'/.exec(reason) ?? [];
  if (range !== undefined) return `${range} does not begin below its end: 22-6 is written 22-23,0-6`;
  return reason.replace(/^(Invalid value for \w+): -?\d+$/, "$1");
}

/** The first moment after `after_ms` that the expression names in this zone, in epoch milliseconds. */
export function cronAfter(text: string, zone: string, after_ms: number): number | undefined {
  const cron = read(text);
  // Clocks are read as if they were in UTC, where no time is skipped or repeated.
  let local = cron.nextRun(localTime(after_ms, zone));
  while (local) {
    const at_ms = instantOf(local.toISOString().slice(0, 19), zone);
    if (at_ms > after_ms) return at_ms;
    local = cron.nextRun(local);
  }
}

function read(text: string): Cron {
  let cron = known.get(text);
  if (!cron) {
    cron = new Cron(text.trim(), { timezone: "UTC", mode: "5-part" });
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(text, cron);
  }
  return cron;
}
