/** All tasks as a board, a list or a graph. The address holds the filter, which the three share. */
import { Plus } from "lucide-preact";
import { useMemo } from "preact/hooks";
import { Link } from "wouter-preact";
import type { Task } from "../../../domain/task.ts";
import { count } from "../../../protocol/formats.ts";
import { agents } from "../../data/machine.ts";
import { useArchived } from "../../ui/archive.ts";
import { archivedTasks, tasks, TASKS_MAX, tasksLoaded, tasksTotal } from "../../data/tasks.ts";
import { usePlace } from "../../hash_location.ts";
import { useShortcuts } from "../../keys.ts";
import { Page } from "../../ui/page.tsx";
import { Board } from "./board.tsx";
import { Filters } from "./filters.tsx";
import { Graph } from "./graph/graph.tsx";
import { NoTasks, NothingArchived } from "./no_tasks.tsx";
import { Outcomes, StatusFilters } from "./summary.tsx";
import { type AgentOf, isFiltered, matching, viewOf, VIEWS } from "./view.ts";
import { ViewSwitch } from "./view_switch.tsx";
import "./tasks_page.css";

export function TasksPage() {
  const [place, setPlace] = usePlace();
  const view = viewOf(place);
  const { isArchived } = view;
  useArchived(isArchived);
  const all = isArchived ? archivedTasks.value : tasks.value;
  const { kind } = view;
  const show = (next: string) => setPlace({ view: next === "board" ? "" : next });
  const next = VIEWS[(VIEWS.indexOf(kind) + 1) % VIEWS.length]!;
  const { needsYou } = view;
  useShortcuts([
    { key: "v", does: "Board, list or graph", run: () => show(next) },
    { key: "n", does: "Only what needs you", run: () => setPlace({ needs: needsYou ? "" : "1" }) },
  ], [next, needsYou]);
  return (
    <Page
      class={`tasks-page is-${kind}`}
      beside={<ViewSwitch kind={kind} choose={show} />}
      actions={
        <Link class="button primary new-task" href="/new">
          <Plus size={14} aria-hidden="true" /> New task <kbd aria-hidden="true">c</kbd>
        </Link>
      }
      bar={all.length > 0 && <Filters view={view} agents={agentNames(all)} change={setPlace} />}
    >
      {all.length > 0 || kind === "graph"
        ? <Shown all={all} />
        : isArchived
        ? <NothingArchived onClear={() => setPlace({ archived: "" })} />
        : tasksLoaded.value
        ? <NoTasks showArchive={() => setPlace({ archived: "1" })} />
        : <div class="empty">Loading the tasks…</div>}
    </Page>
  );
}

function Shown({ all }: { all: readonly Task[] }) {
  const [place, setPlace] = usePlace();
  const view = viewOf(place);
  const agentOf = useAgents();
  return (
    <>
      {all.length > 0 && (
        <div class="tasks-head">
          <StatusFilters
            tasks={all}
            countable={matching(all, view, agentOf, true)}
            isFiltered={view.isArchived || isFiltered({ ...view, statuses: [], needsYou: false })}
            chosen={view.statuses}
            choose={(statuses) =>
              setPlace({ status: statuses.join(","), ...(statuses.length === 0 && { needs: "" }) })}
            needsYou={view.needsYou}
            chooseNeedsYou={(needsYou) => setPlace({ needs: needsYou ? "1" : "" })}
            isArchived={view.isArchived}
            chooseArchived={(isArchived) => setPlace({ archived: isArchived ? "1" : "" })}
          />
          {!view.isArchived && <Outcomes tasks={all} />}
        </div>
      )}
      {!view.isArchived && <MoreOnServer shown={all.length} />}
      {view.kind === "graph"
        ? <Graph view={view} agentOf={agentOf} />
        : <Board all={all} view={view} agentOf={agentOf} />}
    </>
  );
}

/** The agent at work on a task, else the agent that the task names. The server does not report past agents. */
function useAgents(): AgentOf {
  const atWork = agents.value;
  return useMemo(() => {
    const byTask = new Map(atWork.map(({ task_id, type }) => [task_id, type]));
    return (task) => byTask.get(task.id) ?? task.execution?.agent;
  }, [atWork]);
}

function agentNames(all: readonly Task[]): string[] {
  const names = new Set(agents.value.map(({ type }) => type));
  for (const { execution } of all) if (execution?.agent !== undefined) names.add(execution.agent);
  return [...names].sort();
}

function MoreOnServer({ shown }: { shown: number }) {
  if (!tasksLoaded.value || tasksTotal.value <= Math.max(shown, TASKS_MAX)) return null;
  return (
    <p class="notice tasks-more">
      The newest {count(shown)} of {count(tasksTotal.value)}{" "}
      tasks are shown, and all that have not ended. Older ones: <code>opencode-agents tasks</code>.
    </p>
  );
}
