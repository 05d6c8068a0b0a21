/** The log's filters: kept in the address, applied by the server. */
import { ListFilter, X } from "lucide-preact";
import { useState } from "preact/hooks";
import { epochOf, isoTime } from "../../../clock/clock.ts";
import { usePlace } from "../../hash_location.ts";
import { TaskPicker } from "../../ui/task_picker.tsx";
import { TextFilter } from "../../ui/text_filter.tsx";
import { instantOf, localTime } from "../../../domain/time_zones.ts";
import { OWN_ZONE } from "../../ui/zone.ts";
import { agentsIn, PARAMETERS, RANGES } from "./log_filter.ts";

export function FilterFields() {
  const [place, setPlace] = usePlace();
  const agents = agentsIn(place);
  const [isOpen, setOpen] = useState(false);
  const set = PARAMETERS.filter((name) => place.get(name)).length;
  const isNarrowed = set > 0;
  const setAgents = (next: string[]) => setPlace({ agent: next.join(",") });
  return (
    <div class={`log-filters${isOpen ? " log-filters-open" : ""}`} role="group" aria-label="Filters">
      <button
        type="button"
        class="log-filters-toggle"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <ListFilter size={16} aria-hidden="true" />
        {isNarrowed ? `Filters (${set})` : "Filters"}
      </button>
      <TextField name="text" label="Message contains" class="log-filter-wide" />
      <div class="log-filter">
        <label for="log-agent">Task or component</label>
        <TaskPicker
          type="search"
          attributes={{ id: "log-agent" }}
          placeholder={agents.length === 0 ? "Any" : "One more"}
          takesUnknown
          without={agents}
          onPick={(id) => setAgents([...agents, id])}
        />
      </div>
      <TextField name="source" label="Source" placeholder="stderr, tool, engine…" />
      <TextField name="details" label="Details contain" />
      <TimeFields />
      {isNarrowed && (
        <button
          type="button"
          class="log-filter-clear"
          onClick={() => setPlace(Object.fromEntries(PARAMETERS.map((name) => [name, ""])))}
        >
          Clear filters
        </button>
      )}
      {agents.length > 0 && (
        <ul class="log-filter-agents" aria-label="Chosen tasks and components">
          {agents.map((agent) => (
            <li key={agent}>
              <code class="clip">{agent}</code>
              <button
                type="button"
                class="icon-button"
                aria-label={`Without ${agent}`}
                onClick={() => setAgents(agents.filter((other) => other !== agent))}
              >
                <X size={14} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function TextField(
  { name, label, placeholder = "", class: extra = "" }: {
    name: string;
    label: string;
    placeholder?: string;
    class?: string;
  },
) {
  return (
    <TextFilter
      {...{ name, label, placeholder }}
      id={`log-${name}`}
      class={`log-filter ${extra}`}
      maxLength={1000}
    />
  );
}

function TimeFields() {
  const [place, setPlace] = usePlace();
  const range = place.get("range") ?? "";
  return (
    <>
      <div class="log-filter">
        <label for="log-range">Time</label>
        <select
          id="log-range"
          value={range}
          onChange={(event) => setPlace({ range: event.currentTarget.value, from: "", to: "" })}
        >
          <option value="">Any time</option>
          {RANGES.map(({ name, title }) => <option key={name} value={name}>{title}</option>)}
          <option value="custom">From … to …</option>
        </select>
      </div>
      {range === "custom" && (
        <>
          <TimeField name="from" label="From" />
          <TimeField name="to" label="To" />
        </>
      )}
    </>
  );
}

function TimeField({ name, label }: { name: string; label: string }) {
  const [place, setPlace] = usePlace();
  const at = epochOf(place.get(name) ?? "");
  const changed = (wall: string) => {
    const instant = instantOf(wall, OWN_ZONE);
    setPlace({ [name]: Number.isNaN(instant) ? "" : isoTime(instant) });
  };
  return (
    <div class="log-filter">
      <label for={`log-${name}`}>{label}</label>
      <input
        id={`log-${name}`}
        type="datetime-local"
        step={1}
        value={Number.isNaN(at) ? "" : localTime(at, OWN_ZONE)}
        onChange={(event) => changed(event.currentTarget.value)}
      />
    </div>
  );
}
