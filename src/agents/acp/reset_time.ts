/** When a limit ends, read from what a provider or an agent says about it. Pure. */
import { epochOf } from "../../clock/clock.ts";
import { Temporal } from "../../clock/temporal.ts";
import { ownTimeZone } from "../../domain/time_zones.ts";

/** `limit reached|1796045617`, in seconds or milliseconds. */
const EPOCH = /\|\s*(\d{10}|\d{13})\b/;
const ISO = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)/;
/** `in 2 hours 5 minutes`, `after 30s`. */
const DURATION =
  /\b(?:in|after|for)\s+((?:(?:about\s+)?\d+(?:\.\d+)?\s*(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)\b[\s,]*(?:and\s+)?)+)/i;
const PART = /(\d+(?:\.\d+)?)\s*(d|h|m|s)/gi;
/** `until 20:00`, `resets 3am`, `try again at Dec 1st, 8:05 PM`. */
const CLOCK =
  /\b(?:until|resets?|again|available|back)\b(?:\s+(?:at|on|by))?\s+(?:(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(\d{4}))?,?\s+(?:at\s+)?)?(?:(\d{1,2}):(\d\d)\s*(am|pm)?|(\d{1,2})\s*(am|pm))\b/i;

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const UNIT_MS: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };

/**
 * The time at which `text` says that a limit ends, in epoch milliseconds; undefined if it says none. A time of day is the
 * next one in `zone`, by default the server's.
 */
export function resetTimeIn(
  text: string,
  now_ms: number,
  zone: string = ownTimeZone(),
): number | undefined {
  const epoch = EPOCH.exec(text)?.[1];
  if (epoch !== undefined) return Number(epoch) * (epoch.length === 10 ? 1000 : 1);
  const iso = ISO.exec(text)?.[0];
  if (iso !== undefined) return epochOf(iso) || undefined;
  const clock = CLOCK.exec(text);
  if (clock !== null) return timeOfDay(clock, now_ms, zone);
  const duration = DURATION.exec(text)?.[1];
  if (duration === undefined) return undefined;
  const parts = [...duration.matchAll(PART)];
  return now_ms +
    parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit!.toLowerCase()]!, 0);
}

function timeOfDay(found: RegExpExecArray, now_ms: number, zone: string): number | undefined {
  const [, month, day, year, hours = found[7], minutes = "0", half = found[8]] = found;
  const hour = half === undefined ? Number(hours) : Number(hours) % 12 + (/pm/i.test(half) ? 12 : 0);
  const now = Temporal.Instant.fromEpochMilliseconds(now_ms).toZonedDateTimeISO(zone);
  try {
    const dated = month === undefined ? {} : {
      year: year === undefined ? now.year : Number(year),
      month: MONTHS.indexOf(month.toLowerCase().slice(0, 3)) + 1,
      day: Number(day),
    };
    const time = { hour, minute: Number(minutes), second: 0, millisecond: 0, microsecond: 0, nanosecond: 0 };
    const told = now.with({ ...dated, ...time }, { overflow: "reject" });
    if (told.epochMilliseconds > now_ms) return told.epochMilliseconds;
    if (month === undefined) return told.add({ days: 1 }).epochMilliseconds;
    return year === undefined ? told.add({ years: 1 }).epochMilliseconds : told.epochMilliseconds;
  } catch (error) {
    // No such day or time.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
