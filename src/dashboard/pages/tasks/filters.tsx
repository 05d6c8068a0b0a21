/** The controls for which tasks are shown, and in which order. */
import { SlidersHorizontal } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { TASK_TYPES } from "../../../domain/task_types.ts";
import { projectNames } from "../../data/projects.ts";
import { focusDueSearch } from "../../keys.ts";
import { useAhead } from "../../ui/ahead.ts";
import { PRIORITIES, type View } from "./view.ts";
import "./filters.css";

const TYPES = TASK_TYPES.toSorted();

const ORDERS = [
  { value: "", name: "Usual order" },
  { value: "-created", name: "Newest first" },
  { value: "created", name: "Oldest first" },
  { value: "-time", name: "Latest change first" },
  { value: "-priority", name: "Highest priority first" },
  { value: "type", name: "By type" },
  { value: "agent", name: "By agent" },
  { value: "task", name: "By description" },
];

export interface FiltersProps {
  view: View;
  agents: readonly string[];
  change: (change: Record<string, string>) => void;
}

export function Filters({ view, agents, change }: FiltersProps) {
  const [isOpen, setOpen] = useState(false);
  useEffect(focusDueSearch, []);
  const search = useAhead(view.text, (q) => change({ q }), undefined);
  const order = `${view.isDescending ? "-" : ""}${view.sort ?? ""}`;
  const orders = ORDERS.some(({ value }) => value === order)
    ? ORDERS
    : [...ORDERS, { value: order, name: `By ${view.sort}` }];
  return (
    <div class={`filters task-filters${isOpen ? " is-open" : ""}`} role="search" aria-label="Tasks">
      <input
        type="search"
        aria-label="Search tasks"
        placeholder="Search id or description"
        value={search.value}
        onInput={({ currentTarget: { value } }) => {
          search.change(value);
          search.settle(value);
        }}
      />
      <button
        type="button"
        class="filters-toggle"
        aria-expanded={isOpen}
        aria-label="More filters"
        onClick={() => setOpen(!isOpen)}
      >
        <SlidersHorizontal size={16} aria-hidden="true" />
      </button>
      {projectNames.value.length > 0 && (
        <Choice
          label="Project"
          any="Any project"
          value={view.project}
          values={projectNames.value}
          onChange={(project) => change({ project })}
        />
      )}
      <Choice
        label="Type"
        any="Any type"
        value={view.type}
        values={TYPES}
        onChange={(type) => change({ type })}
      />
      <Choice
        label="Priority"
        any="Any priority"
        value={view.priority}
        values={PRIORITIES}
        onChange={(priority) => change({ priority })}
      />
      <Choice
        label="Agent"
        any="Any agent"
        value={view.agent}
        values={agents}
        onChange={(agent) => change({ agent })}
      />
      {view.kind !== "graph" && (
        <select
          aria-label="Order"
          class="filters-order"
          value={order}
          onChange={({ currentTarget }) => change({ sort: currentTarget.value })}
        >
          {orders.map(({ value, name }) => <option key={value} value={value}>{name}</option>)}
        </select>
      )}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  any: string;
  value: string;
  values: readonly string[];
  onChange: (value: string) => void;
}

function Choice({ label, any, value, values, onChange }: ChoiceProps) {
  // A value from a link is listed even if no task has it anymore.
  const all = value === "" || values.includes(value) ? values : [...values, value];
  return (
    <select
      class={value === "" ? undefined : "is-chosen"}
      aria-label={label}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      <option value="">{any}</option>
      {all.map((one) => <option key={one} value={one}>{one}</option>)}
    </select>
  );
}
