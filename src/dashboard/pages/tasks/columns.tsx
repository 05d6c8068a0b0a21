/** The tasks by status: columns side by side, or one at a time where there is no room for more. */
import { VirtualList } from "../../ui/virtual_list.tsx";
import type { ActionName } from "../../ui/task_actions.tsx";
import type { Selection } from "./selection.ts";
import { TaskCard } from "./task_card.tsx";
import { TaskRow } from "./task_row.tsx";
import type { AgentOf, Group, SortKey, View } from "./view.ts";
import type { Task } from "../../../domain/task.ts";

const CARD_HEIGHT = 132;
const ROW_HEIGHT = 58;
/** Few, since a card is many elements. */
const OVERSCAN = 4;

interface Shown {
  selection: Selection;
  agentOf: AgentOf;
  onAction: (name: ActionName, task: Task) => void;
}

export function Columns({ groups, ...shown }: Shown & { groups: readonly Group[] }) {
  return (
    <div class="board-columns">
      {groups.map((group) => <ColumnOf key={group.column.key} group={group} {...shown} />)}
    </div>
  );
}

function ColumnOf({ group: { column, tasks }, selection, agentOf, onAction }: Shown & { group: Group }) {
  const { key, name, empty, statuses } = column;
  return (
    <section class={`board-column column-${key}`} aria-labelledby={`column-${key}`}>
      <h2 id={`column-${key}`}>
        <i aria-hidden="true" />
        {name} <span class="figure muted">{tasks.length}</span>
      </h2>
      {tasks.length === 0 ? <p class="board-column-empty">{empty}</p> : (
        <VirtualList
          class="board-cards"
          label={name}
          count={tasks.length}
          estimated_height={CARD_HEIGHT}
          overscan={OVERSCAN}
          keyOf={(index) => tasks[index]!.id}
          handle={selection.handleOf(key)}
          row={(index) => {
            const task = tasks[index]!;
            return (
              <TaskCard
                task={task}
                agent={agentOf(task)}
                isSelected={task.id === selection.id}
                cursor={selection.cursor}
                onAction={onAction}
                isStatusShown={statuses.length > 1}
              />
            );
          }}
        />
      )}
    </section>
  );
}

export interface TabsProps {
  groups: readonly Group[];
  chosen: string;
  choose: (column: string) => void;
}

/** Which column is seen, where one is seen at a time. */
export function ColumnTabs({ groups, chosen, choose }: TabsProps) {
  return (
    <div class="board-tabs" role="group" aria-label="Columns">
      {groups.map(({ column: { key, name, short = name }, tasks }) => (
        <button
          key={key}
          type="button"
          class={`column-${key}`}
          aria-pressed={key === chosen}
          onClick={() => choose(key)}
        >
          <i aria-hidden="true" />
          <span title={name}>{short}</span> <b class="figure">{tasks.length}</b>
        </button>
      ))}
    </div>
  );
}

const HEADS: readonly { key: SortKey; name: string }[] = [
  { key: "status", name: "Status" },
  { key: "task", name: "Task" },
  { key: "type", name: "Type" },
  { key: "priority", name: "Priority" },
  { key: "agent", name: "Agent" },
  { key: "progress", name: "Progress" },
  { key: "time", name: "Time" },
];

/** What is looked at first by such an order. */
const HIGHEST_FIRST: readonly SortKey[] = ["priority", "progress", "time"];

/** The key of the list among the columns, for the selection. */
export const LIST = "list";

export interface ListProps extends Shown {
  tasks: readonly Task[];
  view: View;
  sortBy: (sort: string) => void;
}

export function TaskList({ tasks, view, sortBy, selection, agentOf, onAction }: ListProps) {
  const next = (key: SortKey) => {
    if (view.sort === key) return view.isDescending ? key : `-${key}`;
    return HIGHEST_FIRST.includes(key) ? `-${key}` : key;
  };
  return (
    <section class="board-list card" aria-label="All tasks in one list">
      <div class="task-heads" role="group" aria-label="Order by">
        {HEADS.map(({ key, name }) => (
          <button
            key={key}
            type="button"
            class={`head-${key}`}
            aria-pressed={view.sort === key}
            onClick={() => sortBy(next(key))}
          >
            {name}
            <span aria-hidden="true">{view.sort !== key ? "" : view.isDescending ? "↓" : "↑"}</span>
          </button>
        ))}
      </div>
      <VirtualList
        class="board-rows"
        label="Tasks"
        count={tasks.length}
        estimated_height={ROW_HEIGHT}
        overscan={OVERSCAN}
        keyOf={(index) => tasks[index]!.id}
        handle={selection.handleOf(LIST)}
        row={(index) => {
          const task = tasks[index]!;
          return (
            <TaskRow
              task={task}
              agent={agentOf(task)}
              isSelected={task.id === selection.id}
              cursor={selection.cursor}
              onAction={onAction}
            />
          );
        }}
      />
    </section>
  );
}
