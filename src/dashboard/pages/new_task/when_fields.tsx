/** When the task runs: now, once at a given time, or repeatedly. */
import type { RecurringConfig } from "../../../domain/task.ts";
import { lazyModule } from "../../ui/lazy_module.ts";
import { OWN_ZONE } from "../../ui/zone.ts";
import { change, chooseWhen, draft, edited, type When } from "./draft.ts";
import { ChoiceField } from "./choice_field.tsx";
import { Field } from "./field.tsx";

const CHOICES: Record<When, string> = { now: "Now", once: "Once, later", again: "Repeatedly" };
const INTERVALS: Record<RecurringConfig["interval"], string> = {
  daily: "Day",
  weekly: "Week",
  monthly: "Month",
  hourly: "Hour",
  cron: "By a cron expression",
};

/** It reads cron expressions, and loads with its first use. */
const usePreview = lazyModule(() => import("./when_preview.tsx"));

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
  const { interval, cron, end, max_runs, pause_after, allow_overlap } = draft.value;
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
      <Field name="task.recurring.pause_after_failures" hint="After so many in a row. Empty: never.">
        {(attributes) => (
          <input
            {...attributes}
            inputMode="numeric"
            autoComplete="off"
            value={pause_after}
            onInput={(event) => change({ pause_after: event.currentTarget.value })}
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

function Preview() {
  const preview = usePreview();
  return preview === undefined ? null : <preview.WhenPreview />;
}
