/** The tasks as columns by status or as one list, with keys to select, open, hold, retry and cancel them. */
import { useRef, useState } from "preact/hooks";
import type { Task } from "../../../domain/task.ts";
import { taskOf } from "../../data/tasks.ts";
import { navigate, usePlace } from "../../hash_location.ts";
import { useShortcuts } from "../../keys.ts";
import { Confirm } from "../../ui/dialog.tsx";
import {
  act,
  type ActionName,
  archiving,
  editPlace,
  isEditable,
  isPossible,
} from "../../ui/task_actions.tsx";
import { Columns, ColumnTabs } from "./columns.tsx";
import { LIST, TaskList } from "./list.tsx";
import { MarkedBar } from "./marked_bar.tsx";
import { type Marking, useMarks } from "./marks.ts";
import { useIsNarrow } from "../../ui/media.ts";
import { NothingFound } from "./no_tasks.tsx";
import { answerFirst } from "./permission_asked.tsx";
import { type Selection, useSelection } from "./selection.ts";
import { type AgentOf, columnsOf, type Group, listOf, matching, NO_FILTERS, type View } from "./view.ts";

export interface BoardProps {
  all: readonly Task[];
  view: View;
  agentOf: AgentOf;
}

export function Board({ all, view, agentOf }: BoardProps) {
  const [, setPlace] = usePlace();
  const isNarrow = useIsNarrow();
  const isList = view.kind === "list";
  const found = matching(all, view, agentOf);
  const groups = columnsOf(found, view, agentOf);
  const [column, showColumn] = useColumn(groups);
  const shown = isNarrow ? groups.filter((group) => group.column.key === column) : groups;
  const list: Group = {
    column: { key: LIST, name: "", statuses: [], usual: [], empty: "" },
    tasks: isList ? listOf(found, view, agentOf) : [],
  };
  // Keys can move the selection to a hidden column, which is then shown.
  const selection = useSelection(isList ? [list] : groups, showColumn);
  const [cancelling, setCancelling] = useState<Task>();
  const onAction = useRef((name: ActionName, task: Task) => {
    if (name === "cancel") setCancelling(task);
    else void act(name, task.id);
  }).current;
  const marks = useMarks(isList ? [list] : groups);
  useBoardKeys(selection, marks.marking, onAction);
  const parts = { selection, marks, agentOf, onAction };
  // Only what is shown is acted on.
  const visible = isList ? list.tasks : shown.flatMap(({ tasks }) => tasks);
  const marked = visible.filter(({ id }) => marks.ids.has(id));
  return (
    <div class={`board${marked.length > 0 ? " is-marking" : ""}`}>
      {found.length === 0
        ? <NothingFound onClear={() => setPlace(NO_FILTERS)} />
        : isList
        ? <TaskList tasks={list.tasks} view={view} sortBy={(sort) => setPlace({ sort })} {...parts} />
        : (
          <>
            {isNarrow && <ColumnTabs groups={groups} chosen={column} choose={showColumn} />}
            <Columns groups={shown} {...parts} />
          </>
        )}
      {marks.ids.size > 0 && <MarkedBar marked={marked} shown={visible} marking={marks.marking} />}
      {cancelling && <CancelDialog task={cancelling} onClose={() => setCancelling(undefined)} />}
    </div>
  );
}

/** The visible column where only one fits: the chosen one, else one with tasks. */
function useColumn(groups: readonly Group[]): [string, (column: string) => void] {
  const [place, setPlace] = usePlace();
  const filled = useRef<string>();
  const chosen = place.get("column") ?? filled.current;
  const isThere = groups.some(({ column }) => column.key === chosen);
  const first =
    ["needs", "running"].map((key) =>
      groups.find(({ column, tasks }) => column.key === key && tasks.length > 0)
    )
      .find((group) => group !== undefined) ??
      groups.find(({ tasks }) => tasks.length > 0);
  const column = isThere ? chosen! : first?.column.key ?? groups[0]!.column.key;
  // The column stays visible when it becomes empty.
  filled.current = column;
  return [column, (column) => column !== LIST && setPlace({ column })];
}

function useBoardKeys(
  selection: Selection,
  marking: Marking,
  onAction: (name: ActionName, task: Task) => void,
): void {
  const latest = useRef({ selection });
  latest.current = { selection };
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
    { key: "x", does: "Select it, to act on many", run: onSelected(({ id }) => marking.toggle(id)) },
    { key: "X", does: "Select up to it", run: onSelected(({ id }) => marking.reach(id)) },
    { key: "h", does: "Hold or resume it", run: doing("pause", "resume") },
    { key: "r", does: "Retry it", run: doing("retry") },
    { key: "e", does: "Archive it once it has ended", run: onSelected((task) => archiving(task)?.run()) },
    {
      key: "E",
      does: "Edit it",
      run: onSelected((task) => isEditable(task) && navigate(editPlace(task.id))),
    },
    { key: "a", does: "Allow its request", run: onSelected((task) => void answerFirst(task, "allow")) },
    { key: "d", does: "Deny its request", run: onSelected((task) => void answerFirst(task, "deny")) },
  ], []);
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
          ? "Its agent is stopped. Files that it has changed are kept as they are."
          : "It will not be started."} Tasks that wait for it fail. A cancelled task can be retried.
      </p>
    </Confirm>
  );
}
