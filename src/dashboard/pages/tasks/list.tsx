/** The tasks as one list, one line per task. */
import type { Task } from "../../../domain/task.ts";
import { VirtualList } from "../../ui/virtual_list.tsx";
import { OVERSCAN, type Shown } from "./columns.tsx";
import { TaskRow } from "./task_row.tsx";
import type { SortKey, View } from "./view.ts";
import "./list.css";

const ROW_HEIGHT = 48;

const HEADS: readonly { key: SortKey; name: string }[] = [
  { key: "status", name: "Status" },
  { key: "task", name: "Task" },
  { key: "type", name: "Type" },
  { key: "priority", name: "Priority" },
  { key: "agent", name: "Agent" },
  { key: "progress", name: "Progress" },
  { key: "time", name: "Time" },
];

/** Keys whose first click sorts the highest first. */
const HIGHEST_FIRST: readonly SortKey[] = ["priority", "progress", "time"];

/** Names the list where the selection expects a column. */
export const LIST = "list";

export interface ListProps extends Shown {
  tasks: readonly Task[];
  view: View;
  sortBy: (sort: string) => void;
}

export function TaskList({ tasks, view, sortBy, selection, marks, agentOf, onAction }: ListProps) {
  const next = (key: SortKey) => {
    if (view.sort === key) return view.isDescending ? key : `-${key}`;
    return HIGHEST_FIRST.includes(key) ? `-${key}` : key;
  };
  return (
    <section class="board-list" aria-label="All tasks in one list">
      <div class="task-heads" role="group" aria-label="Order by">
        <span />
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
              isMarked={marks.ids.has(task.id)}
              marking={marks.marking}
              onAction={onAction}
            />
          );
        }}
      />
    </section>
  );
}
