/** Times for people in a terminal: local time. `--json` has the API's own, in UTC. Text that is no timestamp stays. */
import { epochOf } from "../clock/clock.ts";
import { isTimeZone, localTime, offsetAt, ownTimeZone } from "../domain/time_zones.ts";

let own: string | undefined;

/** The zone of this machine; UTC if the platform does not know it by an IANA name. */
export function localZone(): string {
  if (own !== undefined) return own;
  const zone = ownTimeZone();
  return own = isTimeZone(zone) ? zone : "UTC";
}

/** UTC and its other names, as `TZ` may have them. */
const NAMES_UTC = /\b(utc|uct|gmt|zulu|universal|greenwich)([+-]?0+)?$/i;

/**
 * A warning if `tz`, the variable `TZ`, means a time that the platform does not know and takes for UTC: POSIX rules such as
 * `CET-1`, and typing errors.
 */
export function zoneWarning(tz = Deno.env.get("TZ"), zone = localZone()): string | undefined {
  if (!tz || zone !== "UTC" || NAMES_UTC.test(tz)) return undefined;
  return `TZ='${tz}' is no IANA zone such as Europe/Vienna: times are in UTC`;
}

/** `2026-01-14 12:00:00`. */
export function localDateTime(iso: string, zone = localZone()): string {
  const at_ms = epochOf(iso);
  return Number.isNaN(at_ms) ? iso : localTime(at_ms, zone).replace("T", " ");
}

/** `12:00:00`. */
export function localTimeOfDay(iso: string, zone = localZone()): string {
  const at_ms = epochOf(iso);
  return Number.isNaN(at_ms) ? iso : localTime(at_ms, zone).slice(11);
}

/** `2026-01-14 12:00:00 +01:00`, where the reader must know which time it is. */
export function localWithOffset(iso: string, zone = localZone()): string {
  const at_ms = epochOf(iso);
  return Number.isNaN(at_ms) ? iso : `${localDateTime(iso, zone)} ${offsetAt(at_ms, zone)}`;
}
