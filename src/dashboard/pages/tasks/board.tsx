/** All tasks by status, as they are now: found, looked at, held, ended, tried again. */
import { useMemo, useRef, useState } from "preact/hooks";
import type { Task } from "../../../domain/task.ts";
import { count } from "../../../protocol/formats.ts";
import { agents } from "../../data/machine.ts";
import { taskOf, tasks, TASKS_MAX, tasksLoaded, tasksTotal } from "../../data/tasks.ts";
import { navigate, usePlace } from "../../hash_location.ts";
import { useShortcuts } from "../../keys.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { act, type ActionName, isPossible } from "../../ui/task_actions.tsx";
import "./board.css";
import { Columns, ColumnTabs, LIST, TaskList } from "./columns.tsx";
import { Filters } from "./filters.tsx";
import { useIsNarrow } from "./narrow.ts";
import { NoTasks, NothingFound } from "./no_tasks.tsx";
import { answerFirst } from "./permission_asked.tsx";
import { type Selection, useSelection } from "./selection.ts";
import { Outcomes, StatusFilters } from "./summary.tsx";
import { type AgentOf, columnsOf, type Group, isFiltered, listOf, matching, viewOf } from "./view.ts";

export function BoardPage() {
  const all = tasks.value;
  return (
    <div class="page board-page">
      <div class="page-head">
        <h1>Tasks</h1>
        {all.length > 0 && <Outcomes tasks={all} />}
      </div>
      {all.length > 0
        ? <Board all={all} />
        : tasksLoaded.value
        ? <NoTasks />
        : <div class="card empty">Asking the server for its tasks…</div>}
    </div>
  );
}

const NO_FILTERS = { q: "", status: "", type: "", priority: "", agent: "" };

function Board({ all }: { all: readonly Task[] }) {
  const [place, setPlace] = usePlace();
  const isNarrow = useIsNarrow();
  const view = viewOf(place);
  const agentOf = useAgents();
  const countable = matching(all, view, agentOf, true);
  const found = matching(all, view, agentOf);
  const groups = columnsOf(found, view, agentOf);
  const [column, showColumn] = useColumn(groups);
  const shown = isNarrow ? groups.filter((group) => group.column.key === column) : groups;
  const list: Group = {
    column: { key: LIST, name: "", statuses: [], empty: "" },
    tasks: view.isList ? listOf(found, view, agentOf) : [],
  };
  // Keys cross to columns that are not seen, too: they are shown then.
  const selection = useSelection(view.isList ? [list] : groups, showColumn);
  const [cancelling, setCancelling] = useState<Task>();
  const onAction = useRef((name: ActionName, task: Task) => {
    if (name === "cancel") setCancelling(task);
    else void act(name, task.id);
  }).current;
  useBoardKeys(selection, onAction, () => setPlace({ view: view.isList ? "" : "list" }));
  const parts = { selection, agentOf, onAction };
  return (
    <>
      <StatusFilters
        tasks={all}
        countable={countable}
        isFiltered={isFiltered({ ...view, statuses: [] })}
        chosen={view.statuses}
        choose={(statuses) => setPlace({ status: statuses.join(",") })}
      />
      <Filters view={view} agents={agentNames(all)} change={setPlace} />
      <MoreOnServer shown={all.length} />
      {found.length === 0
        ? <NothingFound onClear={() => setPlace(NO_FILTERS)} />
        : view.isList
        ? <TaskList tasks={list.tasks} view={view} sortBy={(sort) => setPlace({ sort })} {...parts} />
        : (
          <>
            {isNarrow && <ColumnTabs groups={groups} chosen={column} choose={showColumn} />}
            <Columns groups={shown} {...parts} />
          </>
        )}
      {cancelling && <CancelDialog task={cancelling} onClose={() => setCancelling(undefined)} />}
    </>
  );
}

/** The agent at work on a task, else the one that it names; the server does not tell who did the others. */
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

/** The column that is seen where there is room for one: the chosen one, else one that holds something. */
function useColumn(groups: readonly Group[]): [string, (column: string) => void] {
  const [place, setPlace] = usePlace();
  const filled = useRef<string>();
  const chosen = place.get("column") ?? filled.current;
  const isThere = groups.some(({ column }) => column.key === chosen);
  const first = groups.find(({ column, tasks }) => column.key === "running" && tasks.length > 0) ??
    groups.find(({ tasks }) => tasks.length > 0);
  const column = isThere ? chosen! : first?.column.key ?? groups[0]!.column.key;
  // It stays while its tasks come and go.
  filled.current = column;
  return [column, (column) => column !== LIST && setPlace({ column })];
}

function useBoardKeys(
  selection: Selection,
  onAction: (name: ActionName, task: Task) => void,
  switchView: () => void,
): void {
  const latest = useRef({ selection, switchView });
  latest.current = { selection, switchView };
  const onSelected = (action: (task: Task) => void) => () => {
    const { id } = latest.current.selection;
    const task = id === undefined ? undefined : taskOf(id);
    if (task) action(task);
  };
  const doing = (...names: ActionName[]) =>
    onSelected((task) => {
      const name = names.find((name) => isPossible(name, task));
      if (name !== undefined) onAction(name, task);
    });
  const open = onSelected((task) => {
    latest.current.selection.cursor.remember(task.id);
    navigate(`/tasks/${encodeURIComponent(task.id)}`);
  });
  const move = (step: 1 | -1) => () => latest.current.selection.move(step);
  const cross = (step: 1 | -1) => () => latest.current.selection.cross(step);
  useShortcuts([
    { key: "j", does: "Next task", run: move(1) },
    { key: "k", does: "Task before", run: move(-1) },
    { key: "ArrowRight", does: "Column to the right", run: cross(1) },
    { key: "ArrowLeft", does: "Column to the left", run: cross(-1) },
    { key: "Enter", does: "Open the selected task", run: open },
    { key: "o", does: "Open the selected task", run: open },
    { key: "p", does: "Pause or resume it", run: doing("pause", "resume") },
    { key: "r", does: "Retry it", run: doing("retry") },
    { key: "c", does: "Cancel it; asks first", run: doing("cancel") },
    { key: "a", does: "Allow what it asks for", run: onSelected((task) => void answerFirst(task, "allow")) },
    { key: "d", does: "Deny what it asks for", run: onSelected((task) => void answerFirst(task, "deny")) },
    { key: "v", does: "Board or list", run: () => latest.current.switchView() },
  ], []);
}

function MoreOnServer({ shown }: { shown: number }) {
  if (!tasksLoaded.value || tasksTotal.value <= Math.max(shown, TASKS_MAX)) return null;
  return (
    <p class="notice board-more">
      The newest {count(shown)} of {count(tasksTotal.value)}{" "}
      tasks are shown, and all that have not ended. Older ones: <code>opencode-agents tasks</code>.
    </p>
  );
}

function CancelDialog({ task, onClose }: { task: Task; onClose: () => void }) {
  return (
    <Confirm
      title="Cancel this task?"
      action="Cancel task"
      onConfirm={() => void act("cancel", task.id)}
      onClose={onClose}
    >
      <p>
        <strong>{task.description}</strong> <code>{task.id}</code>
      </p>
      <p>
        {task.status === "running"
          ? "Its agent is ended; what it has changed so far stays."
          : "It will not be started."} Tasks that wait for it fail. A cancelled task can be retried.
      </p>
    </Confirm>
  );
}
