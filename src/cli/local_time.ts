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
