/** When the daily report is due. Pure. */
import { dayAt, instantOf, midnightAfter } from "./time_zones.ts";

/** A report that the server was down for is made up for within this time. */
const MADE_UP_MS = 3_600_000;

/** A time of day, such as `07:00`, in a time zone. */
export interface ReportTime {
  at: string;
  timezone: string;
}

export interface ReportDue {
  /** The day whose report is due now; undefined if none is. */
  day?: string;
  /** When the next one is due, in epoch milliseconds. */
  next_ms: number;
}

/** `last`: the day of the last report that was told. */
export function reportDue({ at, timezone }: ReportTime, now_ms: number, last: string | undefined): ReportDue {
  const timeOf = (day: string) => instantOf(`${day}T${at}`, timezone);
  const today = dayAt(now_ms, timezone);
  const today_ms = timeOf(today);
  const isToCome = now_ms < today_ms;
  // Shortly after midnight, it may be the one of late yesterday.
  const day = isToCome ? dayBefore(today) : today;
  const isDue = now_ms < timeOf(day) + MADE_UP_MS && !isTold(day, last);
  const next_ms = isToCome ? today_ms : timeOf(dayAt(midnightAfter(now_ms, timezone), timezone));
  return { day: isDue ? day : undefined, next_ms };
}

/**
 * Whether the report of a day was told, if `last` is the day of the last one. A clock that was set back by a day repeats none; a
 * `last` that lies further ahead is that of a clock that was wrong.
 */
export function isTold(day: string, last: string | undefined): boolean {
  return last !== undefined && last >= day && dayBefore(last) <= day;
}

/** By the calendar, in which no day is missing. */
function dayBefore(day: string): string {
  return dayAt(instantOf(`${day}T00:00`, "UTC") - 1, "UTC");
}
