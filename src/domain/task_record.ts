/** A task as it is kept: what was asked (never changes) and where it stands (small, rewritten at each step). */
import { isDeepStrictEqual } from "node:util";
import type { Actor } from "./actor.ts";
import type { Lease } from "./lease.ts";
import type { Execution, NewTask, ProgressDetails, Task, TaskStatus } from "./task.ts";

export type TaskSpec = Omit<NewTask, "id" | "recurring"> & {
  created_at: string;
  /** Absent in records of older versions. */
  created_by?: Actor;
  /** Rises with every task created; the age that orders the queue. */
  order: number;
  /** The schedule whose run this is. */
  schedule_id?: string;
};

/** An attempt that has ended, or the one under way (then without `ended_at`). */
export interface Attempt {
  attempt: number;
  agent: string;
  started_at: string;
  ended_at?: string;
  /** `interrupted`: the server went away in the middle. `unresponsive`: it gave no sign of life any more. */
  outcome?: "completed" | "failed" | "cancelled" | "interrupted" | "timeout" | "unresponsive";
  error?: string;
  exit_code?: number;
  stop_reason?: string;
  /** Whether it went on with the session of the attempt before. */
  resumed?: boolean;
}

export interface TaskState {
  status: TaskStatus;
  progress: number;
  progress_details?: ProgressDetails;
  started_at?: string;
  completed_at?: string;
  error?: string;
  /** How often it was put back: by `retry_task`, or after its run was lost. */
  retry_count: number;
  /** Attempts started so far; the running one's number. */
  attempt: number;
  /** Attempts started since a person last asked for it: what `max_attempts` bounds. */
  automatic_attempts: number;
  /** The newest last, at most `ATTEMPTS_KEPT`. */
  attempts: Attempt[];
  /** Held by the attempt under way. */
  lease?: Lease;
  /** ISO 8601; the next attempt waits until then. */
  not_before?: string;
  /** The dependency whose failure failed this task; `retry_task` on it puts this one back. */
  failed_dependency?: string;
  /** What `resume_task` goes back to. `running`: stopped in the middle, it keeps its slot. */
  paused_from?: "pending" | "queued" | "running";
  /** The agent's session of the attempt that was lost, to go on with. */
  session?: { agent: string; session_id: string; working_dir: string };
}

export interface TaskRecord {
  id: string;
  spec: TaskSpec;
  state: TaskState;
}

/** How many attempts a task remembers. */
export const ATTEMPTS_KEPT = 20;

export function isFinished(status: TaskStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** Whether an agent process belongs to the task now: running, or stopped in the middle. */
export function holdsSlot(state: TaskState): boolean {
  return state.status === "running" || (state.status === "paused" && state.paused_from === "running");
}

export function executionOf(record: TaskRecord): Execution {
  return record.spec.execution ?? {};
}

/** What is kept of a client's wish: the fields that are its to say, and what the server adds. */
export function specOf(
  wanted: NewTask,
  added: Pick<TaskSpec, "created_at" | "created_by" | "order" | "schedule_id">,
): TaskSpec {
  const {
    type,
    priority,
    description,
    files_pattern,
    dependencies,
    timeout,
    scheduled_time,
    metadata,
    execution,
  } = wanted;
  return {
    type,
    priority,
    description,
    files_pattern,
    dependencies,
    timeout,
    scheduled_time,
    metadata,
    execution,
    ...added,
  };
}

/** The task as the document shows it. */
export function taskView(record: TaskRecord): Task {
  const { spec, state } = record;
  return {
    id: record.id,
    type: spec.type,
    priority: spec.priority,
    description: spec.description,
    status: state.status,
    progress: state.progress,
    created_at: spec.created_at,
    created_by: spec.created_by,
    started_at: state.started_at,
    completed_at: state.completed_at,
    error: state.error,
    progress_details: state.progress_details,
    files_pattern: spec.files_pattern,
    dependencies: spec.dependencies ?? [],
    timeout: spec.timeout,
    scheduled_time: spec.scheduled_time,
    metadata: spec.metadata,
    execution: spec.execution,
    retry_count: state.retry_count,
    attempt: state.attempt,
    schedule_id: spec.schedule_id,
    next_attempt_at: state.not_before,
  };
}

/** Whether anything is new in what the agent says of its progress. */
export function progressDiffers(before: TaskState, after: TaskState): boolean {
  const [a, b] = [before.progress_details, after.progress_details];
  return before.progress !== after.progress || a?.current_step !== b?.current_step ||
    a?.completed_steps !== b?.completed_steps || a?.total_steps !== b?.total_steps ||
    !isDeepStrictEqual(a?.steps, b?.steps);
}
