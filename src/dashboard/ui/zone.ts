/** Times in a time zone, for people to read. */
import { localTime, ownTimeZone } from "../../domain/time_zones.ts";

export const OWN_ZONE = ownTimeZone();

/** The local day, such as `2026-03-29`. */
export function dayIn(at_ms: number, zone: string): string {
  return localTime(at_ms, zone).slice(0, 10);
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
  return localTime(at_ms, zone).slice(11, 16);
}
