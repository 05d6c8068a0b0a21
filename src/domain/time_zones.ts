/** Local times: what the clocks of a time zone show, and when they show it. The one rule for hours that clocks skip or repeat. */
import { Temporal } from "temporal-polyfill";

/** Known zones: asking the platform costs as much as the rest of a message. Bounded by the number of zones, not of spellings. */
const known = new Set<string>();
const KNOWN_MAX = 600;

/** Whether the platform knows this IANA time zone. An offset such as `+01:00` is none. */
export function isTimeZone(name: string): boolean {
  if (known.has(name)) return true;
  if (name === "" || /^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
  } catch {
    // A RangeError is how Intl says no.
    return false;
  }
  if (known.size < KNOWN_MAX) known.add(name);
  return true;
}

/** The zone of this machine or browser. */
export function ownTimeZone(): string {
  return Temporal.Now.timeZoneId();
}

/** What clocks in `zone` show at `at_ms`, as `2026-03-29T02:30:00`. */
export function localTime(at_ms: number, zone: string): string {
  return zoned(at_ms, zone).toPlainDateTime().toString({ smallestUnit: "second" });
}

/**
 * When clocks in `zone` show `local` (`2026-03-29T02:30`), in epoch milliseconds; NaN when that is no time. A time that
 * the clocks skip is the moment they have jumped to; one that they show twice is the first of the two.
 */
export function instantOf(local: string, zone: string): number {
  let time: Temporal.PlainDateTime;
  try {
    time = Temporal.PlainDateTime.from(local, { overflow: "reject" });
  } catch {
    // A RangeError is how Temporal says that this is no local time.
    return NaN;
  }
  return instantOfPlain(time, zone);
}

/** The local time of `first_ms` so many units later, in epoch milliseconds; a month without that day gives its last. */
export function localTimeAfter(
  first_ms: number,
  count: number,
  unit: "days" | "weeks" | "months",
  zone: string,
): number {
  return instantOfPlain(zoned(first_ms, zone).toPlainDateTime().add({ [unit]: count }), zone);
}

function zoned(at_ms: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(at_ms)).toZonedDateTimeISO(zone);
}

function instantOfPlain(local: Temporal.PlainDateTime, zone: string): number {
  const earlier = local.toZonedDateTime(zone, { disambiguation: "earlier" });
  if (earlier.toPlainDateTime().equals(local)) return earlier.epochMilliseconds;
  // Skipped: `earlier` lies before the jump, by the length of the gap.
  const jump = earlier.getTimeZoneTransition("next");
  return (jump ?? local.toZonedDateTime(zone, { disambiguation: "later" })).epochMilliseconds;
}
