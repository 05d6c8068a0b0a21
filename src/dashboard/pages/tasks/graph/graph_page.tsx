/** Which tasks wait for which: as a graph, and in words. */
import { useComputed } from "@preact/signals";
import { X } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import type { TaskStatus } from "../../../domain/task.ts";
import { tasks, tasksLoaded } from "../../data/tasks.ts";
import { usePlace } from "../../hash_location.ts";
import { Problem } from "../../ui/problem.tsx";
import { STATUS_NAMES } from "../../ui/status.tsx";
import { TaskPicker } from "../../ui/task_picker.tsx";
import { chosen, dependenciesOf } from "./dependencies.ts";
import "./graph.css";
import { GraphList } from "./graph_list.tsx";
import { GraphView } from "./graph_view.tsx";
import type { Dagre } from "./layout.ts";

/** In the order of a task's life. */
const STATUSES: readonly TaskStatus[] = [
  "pending",
  "queued",
  "running",
  "paused",
  "completed",
  "failed",
  "cancelled",
];
/** More would be neither readable nor smooth. */
const SHOWN_MAX = 1000;

export function GraphPage() {
  const [place, change] = usePlace();
  const dagre = useDagre();
  const all = useComputed(() => dependenciesOf(tasks.value)).value;
  const focus = place.get("focus") ?? undefined;
  const statuses = STATUSES.filter((status) => place.get("status")?.split(",").includes(status));
  const isAll = place.get("all") === "1";
  const found = chosen(all, { focus, statuses, isAll });
  const shown = found.slice(0, SHOWN_MAX);
  const of = chosen(all, { focus, statuses: [], isAll });
  const hrefOf = (id: string) => {
    const search = new URLSearchParams(place);
    search.set("focus", id);
    return `/graph?${search}`;
  };
  const toggle = (status: TaskStatus) => {
    const next = STATUSES.filter((one) => statuses.includes(one) !== (one === status));
    change({ status: next.join() });
  };
  return (
    <div class="page graph-page">
      <div class="page-head">
        <h1>Graph</h1>
        <div class="graph-find">
          <TaskPicker
            type="search"
            attributes={{ "aria-label": "Show only what is connected to a task" }}
            placeholder="Show only around a task…"
            onPick={(focus) => change({ focus })}
          />
        </div>
      </div>
      <div class="filters graph-filters">
        <div class="filters" role="group" aria-label="Only tasks of a status">
          {STATUSES.map((status) => (
            <button
              key={status}
              type="button"
              class={`badge graph-filter status-${status}`}
              aria-pressed={statuses.includes(status)}
              onClick={() => toggle(status)}
            >
              {STATUS_NAMES[status]} {of.filter((task) => task.status === status).length}
            </button>
          ))}
        </div>
        <label class="graph-all">
          <input
            type="checkbox"
            checked={isAll}
            onChange={({ currentTarget }) => change({ all: currentTarget.checked ? "1" : "" })}
          />
          Also tasks without dependencies
        </label>
        {focus !== undefined && (
          <button
            type="button"
            class="graph-focus"
            onClick={() => change({ focus: "" })}
          >
            <span class="clip">Around {focus}</span>
            <X size={15} aria-label="Show all again" />
          </button>
        )}
      </div>
      {found.length > SHOWN_MAX && (
        <p class="notice">
          The newest {SHOWN_MAX} of {found.length} tasks; choose a status or a task to see others.
        </p>
      )}
      {dagre.error !== undefined && <Problem what="The graph cannot be drawn" error={dagre.error} />}
      {shown.length === 0
        ? <Nothing hasTasks={all.tasks.size > 0} isFiltered={statuses.length > 0 || focus !== undefined} />
        : (
          <>
            {dagre.value && <GraphView tasks={shown} all={all} focus={focus} dagre={dagre.value} />}
            <section aria-label="The graph in words">
              <h2>In words</h2>
              <GraphList tasks={shown} all={all} hrefOf={hrefOf} />
            </section>
          </>
        )}
    </div>
  );
}

/** The layout is loaded when it is first needed: other pages do without. */
function useDagre(): { value?: Dagre; error?: unknown } {
  const [state, setState] = useState<{ value?: Dagre; error?: unknown }>({});
  useEffect(() => {
    import("@dagrejs/dagre").then((value) => setState({ value }), (error) => setState({ error }));
  }, []);
  return state;
}

function Nothing({ hasTasks, isFiltered }: { hasTasks: boolean; isFiltered: boolean }) {
  if (!tasksLoaded.value) return <p class="muted" role="status">Asking for the tasks…</p>;
  if (isFiltered) {
    return (
      <div class="card empty">
        <strong>No such tasks</strong>
        <Link class="button" href="/graph">Show the whole graph</Link>
      </div>
    );
  }
  return (
    <div class="card empty">
      <strong>{hasTasks ? "No task waits for another" : "No tasks yet"}</strong>
      <p>A task that is to wait for others names them under “Waits for”.</p>
      <Link class="button primary" href="/new">New task</Link>
    </div>
  );
}
