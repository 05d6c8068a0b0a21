/** A task's status as a glyph and a badge, its priority as a mark, its progress as a bar. */
import type { Priority, Task, TaskStatus } from "../../domain/task.ts";
import { isToJudge, needOf } from "../../domain/needs.ts";
import { Glyph, type GlyphKind } from "./glyph.tsx";
import "./status.css";

export const STATUS_NAMES: Record<TaskStatus, string> = {
  pending: "Pending",
  queued: "Queued",
  running: "Running",
  paused: "Paused",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};

const GLYPHS: Record<TaskStatus, GlyphKind> = {
  pending: "wait",
  queued: "wait",
  running: "run",
  paused: "pause",
  completed: "done",
  failed: "fail",
  cancelled: "stop",
};

export function StatusGlyph({ status, progress }: { status: TaskStatus; progress?: number }) {
  return <Glyph kind={GLYPHS[status]} progress={progress} />;
}

export function StatusBadge({ status }: { status: TaskStatus }) {
  return (
    <span class={`badge status-${status}`}>
      <StatusGlyph status={status} />
      {STATUS_NAMES[status]}
    </span>
  );
}

/** The task's state as a person sees it: whether somebody is needed comes before what the agent does. */
export function TaskBadge({ task }: { task: Task }) {
  const need = needOf(task);
  if (need === undefined) return <StatusBadge status={task.status} />;
  if (!isToJudge(need)) {
    return (
      <span class="badge status-needs">
        <Glyph kind="needs" />
        Needs you
      </span>
    );
  }
  return (
    <>
      {task.status !== "completed" && <StatusBadge status={task.status} />}
      <span class="badge status-review">
        <Glyph kind="review" />
        To review
      </span>
    </>
  );
}

/** Shows nothing while the agent goes on as usual. */
export function RuntimeBadge({ task: { runtime_status } }: { task: Task }) {
  if (runtime_status === "unresponsive") return <span class="badge status-failed">No sign of life</span>;
  if (runtime_status === "retrying") return <span class="badge status-queued">Asks its model again</span>;
  return null;
}

/** Shows nothing for the usual priority. */
export function PriorityMark({ priority }: { priority: Priority }) {
  if (priority === "medium") return null;
  return (
    <span class={`priority priority-${priority}`}>
      <Glyph kind={priority} />
      {priority}
    </span>
  );
}

/** Without a plan, progress is unknown until the agent ends. The bar then shows only that the agent is at work. */
export function ProgressBar(
  { task }: { task: Pick<Task, "id" | "status" | "progress" | "progress_details"> },
) {
  const { total_steps, completed_steps } = task.progress_details ?? {};
  const isUnknown = task.status === "running" && task.progress === 0 && !total_steps;
  const steps = total_steps ? `, ${completed_steps ?? 0} of ${total_steps} steps` : "";
  return (
    <div
      class={`progress status-${task.status}${isUnknown ? " progress-unknown" : ""}`}
      role="progressbar"
      aria-label={`Progress of ${task.id}`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={isUnknown ? undefined : task.progress}
      aria-valuetext={isUnknown ? "at work, no plan reported" : `${task.progress} %${steps}`}
    >
      <div class="progress-fill" style={{ width: `${isUnknown ? 100 : task.progress}%` }} />
    </div>
  );
}
