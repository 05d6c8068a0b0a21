/** The form's local time as a moment. */
import { instantOf, isTimeZone } from "../../../domain/time_zones.ts";

/** In epoch milliseconds; NaN while `at` is not a local time. An unknown zone counts as UTC: the form refuses it elsewhere. */
export function firstRun({ at, zone }: { at: string; zone: string }): number {
  return instantOf(at, isTimeZone(zone) ? zone : "UTC");
}
