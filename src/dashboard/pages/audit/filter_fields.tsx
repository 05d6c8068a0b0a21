/** The filters of the audit log: kept in the address, applied by the server. */
import { usePlace } from "../../hash_location.ts";
import { Segments } from "../../ui/segments.tsx";
import { TextFilter } from "../../ui/text_filter.tsx";
import { outcomeIn, OUTCOMES, PARAMETERS, RANGES } from "./audit_filter.ts";

export function FilterFields() {
  const [place, setPlace] = usePlace();
  const isNarrowed = PARAMETERS.some((name) => place.get(name));
  return (
    <div class="audit-filters" role="group" aria-label="Filters">
      <Segments
        label="Outcome"
        choices={OUTCOMES}
        chosen={outcomeIn(place)}
        choose={(outcome) => setPlace({ outcome })}
      />
      <TextField name="actor" label="Who" placeholder="key_…, a task, owner" />
      <TextField name="action" label="Action" placeholder="start_task…" />
      <TextField name="target" label="About" placeholder="A task, key, session…" />
      <div class="audit-filter">
        <label for="audit-range">Time</label>
        <select
          id="audit-range"
          value={place.get("range") ?? ""}
          onChange={(event) => setPlace({ range: event.currentTarget.value })}
        >
          <option value="">Any time</option>
          {RANGES.map(({ name, title }) => <option key={name} value={name}>{title}</option>)}
        </select>
      </div>
      {isNarrowed && (
        <button
          type="button"
          onClick={() => setPlace(Object.fromEntries(PARAMETERS.map((name) => [name, ""])))}
        >
          Clear filters
        </button>
      )}
    </div>
  );
}

function TextField({ name, label, placeholder }: { name: string; label: string; placeholder: string }) {
  return (
    <TextFilter {...{ name, label, placeholder }} id={`audit-${name}`} class="audit-filter" maxLength={200} />
  );
}
