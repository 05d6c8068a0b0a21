/** A task on the board: its state, plan, wait and actions. */
import { Bot, Check, Circle, CircleDot } from "lucide-preact";
import { memo } from "preact/compat";
import { useEffect, useId, useRef } from "preact/hooks";
import { Link } from "wouter-preact";
import type { PlanStep, Task } from "../../../domain/task.ts";
import { ordinal } from "../../../protocol/formats.ts";
import { projectOf } from "../../data/projects.ts";
import { PriorityMark, ProgressBar, STATUS_NAMES, TaskBadge } from "../../ui/status.tsx";
import { ActionButtons, type ActionName } from "../../ui/task_actions.tsx";
import { Cost } from "../../ui/cost.tsx";
import { StaleNote } from "../../ui/stale_note.tsx";
import { WaitsFor } from "../../ui/waits_for.tsx";
import { Changes } from "./changes.tsx";
import { PermissionAsked } from "./permission_asked.tsx";
import { TaskPull } from "./task_pull.tsx";
import { QuestionAsked } from "./question_asked.tsx";
import { MarkBox, onShiftClick } from "./mark_box.tsx";
import type { Marking } from "./marks.ts";
import type { Cursor } from "./selection.ts";
import { TaskTime } from "./task_time.tsx";

import "./task_card.css";

export interface TaskViewProps {
  task: Task;
  agent: string | undefined;
  isSelected: boolean;
  cursor: Cursor;
  isMarked: boolean;
  marking: Marking;
  onAction: (name: ActionName, task: Task) => void;
}

export interface TaskCardProps extends TaskViewProps {
  /** Whether to show the status: its column also holds other statuses. */
  isStatusShown: boolean;
}

export const TaskCard = memo(function TaskCard(props: TaskCardProps) {
  const { task, agent, isSelected, cursor, isMarked, marking, onAction, isStatusShown } = props;
  const facts = useId();
  const { status } = task;
  const project = projectOf(task);
  const isBarShown = status !== "completed" && (status === "running" || task.progress > 0);
  return (
    <article
      class={`task-card status-${status}${isSelected ? " is-selected" : ""}${isMarked ? " is-marked" : ""}`}
      onClick={(event) => onShiftClick(event, () => marking.reach(task.id))}
    >
      <div class="task-facts" id={facts}>
        {project !== undefined && <span class="task-project clip" title={project}>{project}</span>}
        {isStatusShown
          ? <TaskBadge task={task} />
          : <span class="visually-hidden">{STATUS_NAMES[status]}</span>}
        <PriorityMark priority={task.priority} />
        {task.attempt > 1 && <span class="task-retries">{ordinal(task.attempt)} attempt</span>}
      </div>
      <TaskLink task={task} isSelected={isSelected} cursor={cursor} facts={facts} />
      <div class="task-names">
        <code class="clip" title={task.id}>{task.id}</code>
        <span>{task.type}</span>
      </div>
      <MarkBox id={task.id} isMarked={isMarked} marking={marking} />
      {isBarShown && <ProgressBar task={task} />}
      {status === "running" && <Plan task={task} />}
      <PermissionAsked task={task} />
      <QuestionAsked task={task} />
      {task.error !== undefined && <p class="task-error" title={task.error}>{task.error}</p>}
      <WaitsFor task={task} />
      <StaleNote task={task} />
      <TaskPull task={task} />
      <footer>
        {agent !== undefined && (
          <span class="task-agent clip" title={`Agent ${agent}`}>
            <Bot size={14} aria-hidden="true" /> {agent}
          </span>
        )}
        <TaskTime task={task} />
        <span class="task-end">
          <Changes task={task} />
          <Cost task={task} />
          <ActionButtons task={task} onAction={onAction} />
        </span>
      </footer>
    </article>
  );
});

/** The description, as a link to the task. It takes the focus when a key selects the task. */
export function TaskLink(
  { task, isSelected, cursor, facts }: Pick<TaskViewProps, "task" | "isSelected" | "cursor"> & {
    facts: string;
  },
) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (!isSelected || cursor.wish.current !== task.id) return;
    cursor.wish.current = undefined;
    // The list itself scrolls to the card.
    link.current?.focus({ preventScroll: true });
  }, [isSelected]);
  return (
    <Link
      href={`/tasks/${encodeURIComponent(task.id)}`}
      onClick={() => cursor.remember(task.id)}
      asChild
    >
      <a
        ref={link}
        class="task-link"
        dir="auto"
        title={task.description}
        aria-describedby={facts}
        aria-current={isSelected ? "true" : undefined}
        onFocus={() => cursor.focused(task.id)}
      >
        {task.description}
      </a>
    </Link>
  );
}

/** How many steps of the plan are shown, around the current one. */
const STEPS_SHOWN = 3;

const STEP_ICONS = { completed: Check, in_progress: CircleDot, pending: Circle };

function Plan({ task }: { task: Task }) {
  const { current_step, total_steps, completed_steps = 0, steps = [] } = task.progress_details ?? {};
  const shown = around(steps);
  if (!total_steps && current_step === undefined) return null;
  return (
    <div class="task-plan">
      {shown.length > 0
        ? (
          <ol>
            {shown.map(({ title, status }, i) => {
              const Icon = STEP_ICONS[status];
              return (
                <li key={i} class={`is-${status}`}>
                  <Icon size={13} aria-hidden="true" />
                  <span class="clip" title={title}>{title}</span>
                  <span class="visually-hidden">({status.replace("_", " ")})</span>
                </li>
              );
            })}
          </ol>
        )
        : <span class="clip">{current_step}</span>}
      {!!total_steps && <span class="figure task-steps">{completed_steps} of {total_steps} steps</span>}
    </div>
  );
}

function around(steps: readonly PlanStep[]): readonly PlanStep[] {
  const at = steps.findIndex(({ status }) => status !== "completed");
  const first = Math.max(0, Math.min((at < 0 ? steps.length : at) - 1, steps.length - STEPS_SHOWN));
  return steps.slice(first, first + STEPS_SHOWN);
}
