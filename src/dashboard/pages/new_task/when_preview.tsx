/** The schedule in words, as the server will apply it. */
import { isoTime } from "../../../clock/clock.ts";
import { cronProblem } from "../../../domain/cron.ts";
import { isTimeZone } from "../../../domain/time_zones.ts";
import { nextOccurrence } from "../../../domain/timetable.ts";
import { relative } from "../../../protocol/formats.ts";
import { ruleInWords } from "../../ui/schedule_words.ts";
import { now } from "../../ui/time.tsx";
import { exactTime, OWN_ZONE } from "../../ui/zone.ts";
import { draft } from "./draft.ts";
import { firstRun } from "./first_run.ts";

export function WhenPreview() {
  const { when, at, zone, interval, cron, end } = draft.value;
  const start_ms = firstRun({ at, zone });
  if (Number.isNaN(start_ms) || !isTimeZone(zone)) return null;
  const isCron = when === "again" && interval === "cron";
  if (isCron && cronProblem(cron) !== undefined) return null;
  const end_ms = firstRun({ at: end, zone });
  const timetable = {
    scheduled_time: isoTime(start_ms),
    recurring: when === "once" ? undefined : {
      interval,
      cron: isCron ? cron : undefined,
      timezone: zone,
      end_time: Number.isNaN(end_ms) ? undefined : isoTime(end_ms),
    },
  };
  const rule = ruleInWords(timetable);
  const at_ms = nextOccurrence(timetable, start_ms - 1);
  if (at_ms === undefined) return null;
  return (
    <p class="when-preview">
      {when === "again" && <strong>Runs {rule}.</strong>}
      <span>
        {when === "again" ? "First" : "Runs"} {exactTime(at_ms, zone)} ({relative(at_ms, now.value)})
        {zone === OWN_ZONE ? "" : `, here ${exactTime(at_ms, OWN_ZONE)}`}.
      </span>
    </p>
  );
}
