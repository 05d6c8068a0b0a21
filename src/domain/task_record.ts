/** A task as it is kept: what was asked (never changes) and where it stands (small, rewritten at each step). */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { Attempt } from "./attempt/stored_attempt.ts";
import { Lease } from "./lease.ts";
import {
  ADDED_FIELDS,
  type Execution,
  type NewTask,
  REQUESTED_FIELDS,
  STATE_FIELDS,
  type Task,
} from "./task.ts";

const { id: _id, recurring: _recurring, ...kept } = REQUESTED_FIELDS;

export const TaskSpec = z.object({
  ...kept,
  ...ADDED_FIELDS,
  order: z.int().describe("Rises with every task created; the age that orders the queue."),
});
export type TaskSpec = z.infer<typeof TaskSpec>;

export const TaskState = z.object({
  ...STATE_FIELDS,
  /** What `max_attempts` bounds. */
  automatic_attempts: z.int().describe("Attempts started since a person last asked for it."),
  attempts: z.array(Attempt).describe("The newest last, at most 20."),
  lease: Lease.optional().describe("Held by the attempt under way."),
  not_before: z.string().optional().describe("ISO 8601; the next attempt waits until then."),
  failed_dependency: z.string().optional().describe(
    "The dependency whose failure failed this task; `retry_task` on it puts this one back.",
  ),
  paused_from: z.enum(["pending", "queued", "running"]).optional().describe(
    "What `resume_task` goes back to. running: stopped in the middle, it keeps its slot.",
  ),
  session: z.object({ agent: z.string(), session_id: z.string(), working_dir: z.string() }).optional()
    .describe("The agent's session of the attempt that was lost, to go on with."),
});
export type TaskState = z.infer<typeof TaskState>;

export interface TaskRecord {
  id: string;
  spec: TaskSpec;
  state: TaskState;
}

/** How many attempts a task remembers. */
export const ATTEMPTS_KEPT = 20;

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
    turn: state.turn,
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
