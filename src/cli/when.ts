/** Points in time as people type them. Pure. */
import { epochOf, isoTime } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { instantOf, ownTimeZone } from "../domain/time_zones.ts";

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const EXPECTED = "+30m, +2h, +1d, or a time such as 2026-12-31T18:00 (local) or 2026-12-31T18:00:00Z";

/**
 * The API's timestamp for `+30m` from now or for an ISO 8601 time, which is local unless it names a zone.
 * `option`: the name of the command-line option, for the error.
 */
export function pointInTime(text: string, now_ms: number, option: string): string {
  const ahead = /^\+(\d{1,6})([smhd])$/.exec(text);
  if (ahead) return isoTime(now_ms + Number(ahead[1]) * UNIT_MS[ahead[2] as keyof typeof UNIT_MS]);
  const spelled = text.replace(" ", "T");
  const at_ms = [epochOf(spelled), localMoment(spelled)].find((moment) => !Number.isNaN(moment));
  if (at_ms !== undefined) return isoTime(at_ms);
  throw new ApiError("CONFIGURATION_ERROR", `--${option} '${text}' is not a time. Expected: ${EXPECTED}`, {
    field: option,
    value: text,
    expected: EXPECTED,
  });
}

/** The moment when local clocks show this date and time; NaN if the text is not one. */
function localMoment(text: string): number {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text) ? instantOf(text, ownTimeZone()) : NaN;
}
