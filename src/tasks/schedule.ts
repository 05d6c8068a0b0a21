/**
 * When a schedule runs. Pure arithmetic in the schedule's time zone: each occurrence is counted from the first
 * one, so that the original day of month is never forgotten and no error adds up.
 */
import { Temporal } from "temporal-polyfill";
import { timestampMs } from "../protocol/scalars.ts";
import type { RecurringConfig } from "../protocol/task.ts";

export interface Timetable {
  /** The first run, ISO 8601. */
  scheduled_time: string;
  recurring?: RecurringConfig;
}

const UNITS = { daily: "days", weekly: "weeks", monthly: "months" } as const;
/** A little less than the shortest length of each, so that a guess at an index is never too high. */
const LONGEST_MS = { daily: 86_400_000, weekly: 7 * 86_400_000, monthly: 31 * 86_400_000 } as const;

/**
 * The `index`-th run (0 is the first) in epoch milliseconds, undefined when the schedule has ended by then.
 * A month without that day runs on its last; a local time that the clocks skip runs when they have jumped; one
 * that comes twice runs the first time.
 */
export function occurrence({ scheduled_time, recurring }: Timetable, index: number): number | undefined {
  const first_ms = timestampMs(scheduled_time);
  if (index === 0) return first_ms;
  if (!recurring || (recurring.max_runs !== undefined && index >= recurring.max_runs)) return undefined;
  const zone = recurring.timezone ?? "UTC";
  const first = Temporal.Instant.fromEpochMilliseconds(first_ms).toZonedDateTimeISO(zone);
  const local = first.toPlainDateTime().add({ [UNITS[recurring.interval]]: index });
  const at_ms = instantOf(local, zone);
  if (recurring.end_time !== undefined && at_ms > timestampMs(recurring.end_time)) return undefined;
  return at_ms;
}

function instantOf(local: Temporal.PlainDateTime, zone: string): number {
  const earlier = local.toZonedDateTime(zone, { disambiguation: "earlier" });
  if (earlier.toPlainDateTime().equals(local)) return earlier.epochMilliseconds;
  // Skipped by the clocks: `earlier` lies before the jump, by the length of the gap.
  const jump = earlier.getTimeZoneTransition("next");
  return (jump ?? local.toZonedDateTime(zone, { disambiguation: "later" })).epochMilliseconds;
}

/** The first occurrence after `after_ms`: its index and its time. */
export function nextOccurrence(
  timetable: Timetable,
  after_ms: number,
): { index: number; at_ms: number } | undefined {
  const first_ms = timestampMs(timetable.scheduled_time);
  if (first_ms > after_ms) return { index: 0, at_ms: first_ms };
  if (!timetable.recurring) return undefined;
  const guess = Math.floor((after_ms - first_ms) / LONGEST_MS[timetable.recurring.interval]);
  for (let index = Math.max(1, guess - 1);; index++) {
    const at_ms = occurrence(timetable, index);
    if (at_ms === undefined) return undefined;
    if (at_ms > after_ms) return { index, at_ms };
  }
}

/** The next `count` runs after `after_ms`, in epoch milliseconds. */
export function upcoming(timetable: Timetable, after_ms: number, count: number): number[] {
  const runs: number[] = [];
  let next = nextOccurrence(timetable, after_ms);
  while (next && runs.length < count) {
    runs.push(next.at_ms);
    const at_ms = occurrence(timetable, next.index + 1);
    next = at_ms === undefined ? undefined : { index: next.index + 1, at_ms };
  }
  return runs;
}
