/**
 * When a schedule is to run, worked out another way than the product does: by asking Intl what clocks in a zone show
 * at a moment, never by a library of calendars.
 */
import type { Timetable } from "../../src/domain/schedule.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const formats = new Map<string, Intl.DateTimeFormat>();

/** What a clock in the zone shows, as if it were UTC. */
function shown(zone: string, at_ms: number): number {
  let format = formats.get(zone);
  if (!format) {
    const two = "2-digit";
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(
    format.formatToParts(at_ms).map(({ type, value }) => [type, Number(value)]),
  );
  const { year, month, day, hour, minute, second } = part;
  return Date.UTC(year!, month! - 1, day, hour, minute, second) + at_ms % 1000;
}

/** The first moment at which a clock in the zone shows `local_ms`; where it never does, when it has jumped over it. */
function momentOf(local_ms: number, zone: string): number {
  const offset = (at_ms: number) => shown(zone, at_ms) - at_ms;
  const [before, after] = [offset(local_ms - DAY_MS), offset(local_ms + DAY_MS)];
  const moments = [local_ms - before, local_ms - after].filter((at_ms) => shown(zone, at_ms) === local_ms);
  if (moments.length > 0) return Math.min(...moments);
  let [low_ms, high_ms] = [local_ms - DAY_MS, local_ms + DAY_MS];
  while (high_ms - low_ms > 1) {
    const middle_ms = Math.floor((low_ms + high_ms) / 2);
    if (offset(middle_ms) === before) low_ms = middle_ms;
    else high_ms = middle_ms;
  }
  return high_ms;
}

/** The time of this number, 0 being the first, whether or not the schedule has ended by then. */
export function occurrenceOf({ scheduled_time, recurring }: Timetable, index: number): number {
  const first_ms = Date.parse(scheduled_time);
  if (!recurring || index === 0) return first_ms;
  const zone = recurring.timezone ?? "UTC";
  const first = shown(zone, first_ms);
  if (recurring.interval === "daily") return momentOf(first + index * DAY_MS, zone);
  if (recurring.interval === "weekly") return momentOf(first + index * 7 * DAY_MS, zone);
  const date = new Date(first);
  const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + index + 1, 0)).getUTCDate();
  const day = Math.min(date.getUTCDate(), days);
  const month_ms = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + index, day);
  return momentOf(month_ms + first % DAY_MS, zone);
}
