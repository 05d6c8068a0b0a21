/** When the task runs: now, once at a given time, or repeatedly. */
import type { RecurringConfig } from "../../../domain/task.ts";
import { cronProblem } from "../../../domain/cron.ts";
import { nextOccurrence } from "../../../domain/timetable.ts";
import { isoTime } from "../../../clock/clock.ts";
import { relative } from "../../../protocol/formats.ts";
import { ruleInWords } from "../../ui/schedule_words.ts";
import { now } from "../../ui/time.tsx";
import { isTimeZone } from "../../../domain/time_zones.ts";
import { exactTime, OWN_ZONE } from "../../ui/zone.ts";
import { change, chooseWhen, draft, edited, type When } from "./draft.ts";
import { ChoiceField } from "./choice_field.tsx";
import { Field } from "./field.tsx";
import { firstRun } from "./first_run.ts";

const CHOICES: Record<When, string> = { now: "Now", once: "Once, later", again: "Repeatedly" };
const INTERVALS: Record<RecurringConfig["interval"], string> = {
  daily: "Day",
  weekly: "Week",
  monthly: "Month",
  hourly: "Hour",
  cron: "By a cron expression",
};

const ZONES: readonly string[] = [
  "UTC",
  ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC"),
];

export function WhenFields() {
  const { when } = draft.value;
  return (
    <fieldset class="when">
      <legend>When</legend>
      <div class="segments">
        {Object.entries(CHOICES).filter(([value]) => isOffered(value as When)).map(([value, name]) => (
          <label key={value}>
            <input
              type="radio"
              name="when"
              value={value}
              checked={when === value}
              onChange={() =>
                chooseWhen(value as When)}
            />
            <span>{name}</span>
          </label>
        ))}
      </div>
      {when !== "now" && (
        <>
          <div class="field-grid">
            <TimeFields />
            {when === "again" && <RuleFields />}
          </div>
          <Preview />
        </>
      )}
    </fieldset>
  );
}

/** What has been started as one task stays one, and a time can be changed but not taken away. */
function isOffered(when: When): boolean {
  if (edited.value === undefined) return true;
  return when === "once" || (when === "now" && edited.value.scheduled_time === undefined);
}

function TimeFields() {
  const { when, at, zone, interval } = draft.value;
  return (
    <>
      <Field
        name="task.scheduled_time"
        label={when === "once" ? "At" : interval === "cron" ? "Not before" : "First run"}
      >
        {(attributes) => (
          <input
            {...attributes}
            type="datetime-local"
            value={at}
            onInput={(event) => change({ at: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field
        name="task.recurring.timezone"
        hint={when === "again" ? "The hour stays the same when the clocks change." : undefined}
      >
        {(attributes) => (
          <>
            <input
              {...attributes}
              list="time-zones"
              autoComplete="off"
              spellcheck={false}
              placeholder={OWN_ZONE}
              value={zone}
              onInput={(event) => change({ zone: event.currentTarget.value })}
            />
            <datalist id="time-zones">
              {ZONES.map((name) => <option key={name} value={name} />)}
            </datalist>
          </>
        )}
      </Field>
    </>
  );
}

function RuleFields() {
  const { interval, cron, end, max_runs, allow_overlap } = draft.value;
  return (
    <>
      <ChoiceField name="task.recurring.interval" of="interval" choices={INTERVALS} />
      {interval === "cron" && (
        <Field
          name="task.recurring.cron"
          hint="Minute, hour, day of the month, month, day of the week: 0 9 * * MON-FRI."
        >
          {(attributes) => (
            <input
              {...attributes}
              autoComplete="off"
              spellcheck={false}
              value={cron}
              onInput={(event) => change({ cron: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      <Field name="task.recurring.end_time" hint="Empty: for good.">
        {(attributes) => (
          <input
            {...attributes}
            type="datetime-local"
            value={end}
            onInput={(event) => change({ end: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field name="task.recurring.max_runs" hint="Empty: no limit.">
        {(attributes) => (
          <input
            {...attributes}
            inputMode="numeric"
            autoComplete="off"
            value={max_runs}
            onInput={(event) => change({ max_runs: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field name="task.recurring.allow_overlap" label="Run even while the previous run is still going on">
        {(attributes) => (
          <input
            {...attributes}
            type="checkbox"
            checked={allow_overlap}
            onChange={(event) => change({ allow_overlap: event.currentTarget.checked })}
          />
        )}
      </Field>
    </>
  );
}

/** The schedule in words, as the server will apply it. */
function Preview() {
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
