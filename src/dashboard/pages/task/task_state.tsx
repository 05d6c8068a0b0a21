/** The task's state in one line: what it does, its turn, how long it has taken, and what it has changed. */
import type { Task } from "../../../domain/task.ts";
import { DiffStat } from "../../ui/diff_stat.tsx";
import { RuntimeBadge, TaskBadge } from "../../ui/status.tsx";
import { Lasting } from "../../ui/time.tsx";
import "./task_state.css";

export function TaskState({ task }: { task: Task }) {
  const { turn, started_at, completed_at, changes } = task;
  return (
    <div class="task-state">
      <TaskBadge task={task} />
      <RuntimeBadge task={task} />
      {task.review === "accepted" && <span class="badge status-completed">Accepted</span>}
      {task.review === "discarded" && <span class="badge">Discarded</span>}
      {task.stale && <span class="badge status-needs">Out of date</span>}
      {task.archived && <span class="badge">Archived</span>}
      {turn !== undefined && turn > 1 && <span class="figure">Turn {turn}</span>}
      {started_at !== undefined && <Lasting from={started_at} to={completed_at} />}
      {changes !== undefined && <DiffStat additions={changes.additions} deletions={changes.deletions} />}
    </div>
  );
}
