/** Converts between instants and the local times of a time zone. The only rule for hours that clocks skip or repeat. */
import type { Temporal as Types } from "temporal-polyfill";
import { Temporal } from "../clock/temporal.ts";

/** Caches known zones: asking the platform costs as much as the rest of a message. Bounded, since spellings vary. */
const known = new Set<string>();
const KNOWN_MAX = 600;

/** Whether the platform knows this IANA time zone. An offset such as `+01:00` is not one. */
export function isTimeZone(name: string): boolean {
  if (known.has(name)) return true;
  if (name === "" || /^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
  } catch {
    // Intl throws a RangeError for an unknown zone.
    return false;
  }
  if (known.size < KNOWN_MAX) known.add(name);
  return true;
}

/** The day in `zone` at `at_ms`, such as `2026-11-30`. */
export function dayAt(at_ms: number, zone: string): string {
  return zoned(at_ms, zone).toPlainDate().toString();
}

/** When the day of `at_ms` in `zone` began, in epoch milliseconds. */
export function midnightBefore(at_ms: number, zone: string): number {
  return zoned(at_ms, zone).startOfDay().epochMilliseconds;
}

/** When the day of `at_ms` in `zone` is over, in epoch milliseconds. */
export function midnightAfter(at_ms: number, zone: string): number {
  return zoned(at_ms, zone).startOfDay().add({ days: 1 }).epochMilliseconds;
}

/** The zone of this machine or browser. */
export function ownTimeZone(): string {
  return Temporal.Now.timeZoneId();
}

/** The local time in `zone` at `at_ms`, such as `2026-03-29T02:30:00`. */
export function localTime(at_ms: number, zone: string): string {
  return zoned(at_ms, zone).toPlainDateTime().toString({ smallestUnit: "second" });
}

/** The zone's offset from UTC at `at_ms`: `+01:00`. */
export function offsetAt(at_ms: number, zone: string): string {
  return zoned(at_ms, zone).offset;
}

/**
 * The instant of the local time `local` (such as `2026-03-29T02:30`) in `zone`, in epoch milliseconds; NaN if `local` is
 * not a time. A time that clocks skip becomes the moment after the jump; of a repeated time, the first one is taken.
 */
export function instantOf(local: string, zone: string): number {
  let time: Types.PlainDateTime;
  try {
    time = Temporal.PlainDateTime.from(local, { overflow: "reject" });
  } catch {
    // Temporal throws a RangeError for text that is not a local time.
    return NaN;
  }
  return instantOfPlain(time, zone);
}

/** The same local time `count` units after `first_ms`, in epoch milliseconds. A month without that day gives its last. */
export function localTimeAfter(
  first_ms: number,
  count: number,
  unit: "days" | "weeks" | "months",
  zone: string,
): number {
  return instantOfPlain(zoned(first_ms, zone).toPlainDateTime().add({ [unit]: count }), zone);
}

function zoned(at_ms: number, zone: string): Types.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(at_ms)).toZonedDateTimeISO(zone);
}

function instantOfPlain(local: Types.PlainDateTime, zone: string): number {
  const earlier = local.toZonedDateTime(zone, { disambiguation: "earlier" });
  if (earlier.toPlainDateTime().equals(local)) return earlier.epochMilliseconds;
  // The clocks skip this time. `earlier` lies before the jump by the length of the gap.
  const jump = earlier.getTimeZoneTransition("next");
  return (jump ?? local.toZonedDateTime(zone, { disambiguation: "later" })).epochMilliseconds;
}
