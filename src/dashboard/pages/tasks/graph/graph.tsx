/** The tasks and their dependencies as a graph, as a picture and in words. */
import { useComputed } from "@preact/signals";
import { X } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { Link } from "wouter-preact";
import { tasks, tasksLoaded } from "../../../data/tasks.ts";
import { usePlace } from "../../../hash_location.ts";
import { Problem } from "../../../ui/problem.tsx";
import { TaskPicker } from "../../../ui/task_picker.tsx";
import { NothingFound } from "../no_tasks.tsx";
import { type AgentOf, isFiltered, matching, NO_FILTERS, type View } from "../view.ts";
import { chosen, dependenciesOf } from "./dependencies.ts";
import "./graph.css";
import { GraphList } from "./graph_list.tsx";
import { GraphView } from "./graph_view.tsx";
import type { Dagre } from "./layout.ts";

/** A larger graph would be neither readable nor smooth. */
const SHOWN_MAX = 1000;

export function Graph({ view, agentOf }: { view: View; agentOf: AgentOf }) {
  const [place, change] = usePlace();
  const dagre = useDagre();
  const all = useComputed(() => dependenciesOf(tasks.value)).value;
  const focus = place.get("focus") ?? undefined;
  const isAll = place.get("all") === "1";
  const fitting = isFiltered(view)
    ? new Set(matching(tasks.value, view, agentOf).map(({ id }) => id))
    : undefined;
  const found = chosen(all, { focus, fitting, isAll });
  const shown = found.slice(0, SHOWN_MAX);
  const hrefOf = (id: string) => {
    const search = new URLSearchParams(place);
    search.set("focus", id);
    return `/tasks?${search}`;
  };
  return (
    <>
      <div class="filters graph-filters">
        <div class="graph-find">
          <TaskPicker
            type="search"
            attributes={{ "aria-label": "Show only what is connected to a task" }}
            placeholder="Show only a task's neighbors…"
            onPick={(focus) => change({ focus })}
          />
        </div>
        <label class="graph-all">
          <input
            type="checkbox"
            checked={isAll}
            onChange={({ currentTarget }) => change({ all: currentTarget.checked ? "1" : "" })}
          />
          Include tasks without dependencies
        </label>
        {focus !== undefined && (
          <button
            type="button"
            class="graph-focus"
            onClick={() => change({ focus: "" })}
          >
            <span class="clip">Around {focus}</span>
            <X size={14} aria-label="Show all again" />
          </button>
        )}
      </div>
      {found.length > SHOWN_MAX && (
        <p class="notice">
          The newest {SHOWN_MAX} of {found.length} tasks; choose a status or a task to see others.
        </p>
      )}
      {dagre.error !== undefined && <Problem what="The graph cannot be drawn" error={dagre.error} />}
      {shown.length > 0
        ? (
          <>
            {dagre.value && <GraphView tasks={shown} all={all} focus={focus} dagre={dagre.value} />}
            <section aria-label="The graph in words">
              <h2>In words</h2>
              <GraphList tasks={shown} all={all} hrefOf={hrefOf} />
            </section>
          </>
        )
        : fitting !== undefined || focus !== undefined
        ? <NothingFound onClear={() => change({ ...NO_FILTERS, focus: "" })} />
        : <NoDependencies hasTasks={all.tasks.size > 0} />}
    </>
  );
}

/** Loads the layout library when it is first needed; other pages do without it. */
function useDagre(): { value?: Dagre; error?: unknown } {
  const [state, setState] = useState<{ value?: Dagre; error?: unknown }>({});
  useEffect(() => {
    import("@dagrejs/dagre").then((value) => setState({ value }), (error) => setState({ error }));
  }, []);
  return state;
}

function NoDependencies({ hasTasks }: { hasTasks: boolean }) {
  if (!tasksLoaded.value) return <p class="muted" role="status">Loading the tasks…</p>;
  return (
    <div class="empty">
      <strong>{hasTasks ? "No task waits for another" : "No tasks yet"}</strong>
      <p>To make a task wait for others, name them under “Waits for”.</p>
      <Link class="button primary" href="/new">New task</Link>
    </div>
  );
}
