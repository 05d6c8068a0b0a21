/**
 * When a schedule runs, computed in its time zone. Days, weeks and months are counted from the first run, so the original
 * day of the month is kept and errors do not add up. Pure.
 */
import { epochOf } from "../clock/clock.ts";
import { cronAfter } from "./cron.ts";
import type { RecurringConfig } from "./task.ts";
import { localTimeAfter } from "./time_zones.ts";

export interface Timetable {
  /** The first run, ISO 8601; with cron, the earliest moment of one. */
  scheduled_time: string;
  recurring?: RecurringConfig | undefined;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const UNITS = { daily: "days", weekly: "weeks", monthly: "months" } as const;
/** A month is one of 400 years. The time of a number differs by less than an interval from so many of these. */
const AVERAGE_MS = {
  hourly: HOUR_MS,
  daily: DAY_MS,
  weekly: 7 * DAY_MS,
  monthly: 146_097 * DAY_MS / 4800,
} as const;

/** An interval whose times are counted from the first one. */
type Counted = keyof typeof AVERAGE_MS;

/** The first time after `after_ms`, in epoch milliseconds; undefined if there is none. */
export function nextOccurrence(
  { scheduled_time, recurring }: Timetable,
  after_ms: number,
): number | undefined {
  const first_ms = epochOf(scheduled_time);
  if (!recurring) return first_ms > after_ms ? first_ms : undefined;
  const { interval, cron, timezone = "UTC", end_time } = recurring;
  const at_ms = interval === "cron"
    ? cronAfter(cron ?? "", timezone, Math.max(after_ms, first_ms - 1))
    : countedAfter(first_ms, interval, timezone, after_ms);
  return at_ms === undefined || (end_time !== undefined && at_ms > epochOf(end_time)) ? undefined : at_ms;
}

/** The times of the next `count` runs after `after_ms`, in epoch milliseconds. `counted`: how many of `max_runs` were made. */
export function upcoming(timetable: Timetable, after_ms: number, count: number, counted = 0): number[] {
  const times: number[] = [];
  const most = Math.min(count, runsLeft(timetable, counted));
  let next = nextOccurrence(timetable, after_ms);
  while (next !== undefined && times.length < most) {
    times.push(next);
    next = nextOccurrence(timetable, next);
  }
  return times;
}

/** How many runs are left after `counted` of them. Missed or skipped times are not runs. */
export function runsLeft({ recurring }: Timetable, counted: number): number {
  return recurring ? (recurring.max_runs ?? Infinity) - counted : 1 - counted;
}

function countedAfter(first_ms: number, interval: Counted, zone: string, after_ms: number): number {
  if (first_ms > after_ms) return first_ms;
  const guess = Math.floor((after_ms - first_ms) / AVERAGE_MS[interval]);
  for (let index = Math.max(1, guess);; index++) {
    const at_ms = countedTime(first_ms, interval, zone, index);
    if (at_ms > after_ms) return at_ms;
  }
}

/** The time of this number; 0 is the first. Hours are elapsed ones, everything longer is of the calendar. */
function countedTime(first_ms: number, interval: Counted, zone: string, index: number): number {
  if (interval === "hourly") return first_ms + index * HOUR_MS;
  return localTimeAfter(first_ms, index, UNITS[interval], zone);
}
