/** A task as a row of the list. */
import { memo } from "preact/compat";
import { useId } from "preact/hooks";
import { projectOf } from "../../data/projects.ts";
import { PriorityMark, ProgressBar, TaskBadge } from "../../ui/status.tsx";
import { ActionButtons } from "../../ui/task_actions.tsx";
import { Cost } from "../../ui/cost.tsx";
import { StaleNote } from "../../ui/stale_note.tsx";
import { WaitsFor } from "../../ui/waits_for.tsx";
import { Changes } from "./changes.tsx";
import { MarkBox, onShiftClick } from "./mark_box.tsx";
import { PermissionAsked } from "./permission_asked.tsx";
import { QuestionAsked } from "./question_asked.tsx";
import { TaskLink, type TaskViewProps } from "./task_card.tsx";
import { TaskPull } from "./task_pull.tsx";
import { TaskTime } from "./task_time.tsx";

export const TaskRow = memo(function TaskRow(props: TaskViewProps) {
  const { task, agent, isSelected, cursor, isMarked, marking, onAction } = props;
  const facts = useId();
  const project = projectOf(task);
  const { total_steps, completed_steps = 0, current_step } = task.progress_details ?? {};
  const isRunning = task.status === "running";
  return (
    <article
      class={`task-row${isSelected ? " is-selected" : ""}${isMarked ? " is-marked" : ""}`}
      onClick={(event) => onShiftClick(event, () => marking.reach(task.id))}
    >
      <MarkBox id={task.id} isMarked={isMarked} marking={marking} />
      <span class="row-status" id={facts}>
        <TaskBadge task={task} />
      </span>
      <div class="row-task">
        <TaskLink task={task} isSelected={isSelected} cursor={cursor} facts={facts} />
        <span class="row-more">
          {project !== undefined && <span class="task-project clip" title={project}>{project}</span>}
          <code class="clip">{task.id}</code>
          {task.error !== undefined && <span class="task-error clip" title={task.error}>{task.error}</span>}
          <Changes task={task} />
          <Cost task={task} />
          <TaskPull task={task} />
          {isRunning && current_step !== undefined && <span class="muted clip">{current_step}</span>}
        </span>
        <WaitsFor task={task} />
        <StaleNote task={task} />
        <PermissionAsked task={task} isRow />
        <QuestionAsked task={task} />
      </div>
      <span class="row-type">{task.type}</span>
      <span class="row-priority">
        <PriorityMark priority={task.priority} />
      </span>
      <span class="row-agent clip">{agent}</span>
      <span class="row-progress">
        {(isRunning || (task.progress > 0 && task.status !== "completed")) && <ProgressBar task={task} />}
        {isRunning && !!total_steps && <span class="figure muted">{completed_steps}/{total_steps}</span>}
      </span>
      <span class="row-time">
        <TaskTime task={task} />
      </span>
      <ActionButtons task={task} onAction={onAction} />
    </article>
  );
});
