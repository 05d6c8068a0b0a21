/** Times as a clock in some time zone shows them, by the platform's own tables. */
import { epochOf } from "../../clock/clock.ts";

export const OWN_ZONE = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const DAY_MS = 86_400_000;

/** Whether the platform knows this IANA time zone. */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name !== "" && !/^[+-]/.test(name);
  } catch {
    // A RangeError is how Intl says no.
    return false;
  }
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = clocks.get(zone);
  if (!clock) {
    clock = new Intl.DateTimeFormat("en-u-ca-iso8601", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    clocks.set(zone, clock);
  }
  return clock;
}

/** What a clock there shows, as `2026-03-29T02:30:00`. */
export function wallTime(at_ms: number, zone: string): string {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of clockOf(zone).formatToParts(at_ms)) parts[type] = value;
  const { year, month, day, hour, minute, second } = parts;
  return `${year!.padStart(4, "0")}-${month}-${day}T${hour}:${minute}:${second}`;
}

/** The day there, as `2026-03-29`. */
export function dayIn(at_ms: number, zone: string): string {
  return wallTime(at_ms, zone).slice(0, 10);
}

/**
 * When a clock there shows `wall` (`2026-03-29T02:30`), in milliseconds since the epoch; NaN when that is no time.
 * One that comes twice is the first of them; one that the clocks skip is as much later as they skip.
 */
export function instantOf(wall: string, zone: string): number {
  const local = epochOf(`${wall}Z`);
  if (Number.isNaN(local)) return NaN;
  const offset = (at_ms: number) => epochOf(`${wallTime(at_ms, zone)}Z`) - Math.floor(at_ms / 1000) * 1000;
  const [before, after] = [local - offset(local - DAY_MS), local - offset(local + DAY_MS)];
  const shows = (at_ms: number) => at_ms + offset(at_ms) === local;
  const fitting = [before, after].filter(shows);
  return fitting.length > 0 ? Math.min(...fitting) : before;
}

/** `Tue, Mar 31, 2026, 09:00 GMT+2`, in the reader's language. */
export function exactTime(at_ms: number, zone: string): string {
  return new Intl.DateTimeFormat(undefined, {
    timeZone: zone,
    hourCycle: "h23",
    weekday: "short",
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(at_ms);
}

/** `09:00`. */
export function clockTime(at_ms: number, zone: string): string {
  return wallTime(at_ms, zone).slice(11, 16);
}
