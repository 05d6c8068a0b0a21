/**
 * The task's life as pure functions: each takes where the task stands and answers where it stands then, or
 * throws `ApiError` when the state does not allow it. No clock, no store, no process.
 */
import { fieldProblem } from "./field_problem.ts";
import type { ProgressDetails, TaskStatus } from "./task.ts";
import { isSameLease, type Lease } from "./lease.ts";
import type { Attempt } from "./attempt/stored_attempt.ts";
import { ATTEMPTS_KEPT, type TaskRecord, type TaskState } from "./task_record.ts";

/** How an attempt ended, as the engine learned it. */
export interface AttemptEnd {
  outcome: NonNullable<Attempt["outcome"]>;
  error?: string;
  exit_code?: number;
  stop_reason?: string;
}

const ERROR_MAX = 1000;

function cut(error: string): string {
  return error.length <= ERROR_MAX ? error : Array.from(error).slice(0, ERROR_MAX).join("");
}

function requireStatus(task: TaskRecord, operation: string, expected: TaskStatus[]): void {
  if (expected.includes(task.state.status)) return;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "task_id",
    task.id,
    expected,
    `Cannot ${operation} task '${task.id}': it is ${task.state.status}. This needs a task that is ${
      expected.join(" or ")
    }`,
    { current_status: task.state.status },
  );
}

/** How the dependencies of a task stand. */
export interface Readiness {
  /** All are completed. */
  ready: boolean;
  /** One of them failed or was cancelled, so the task fails. */
  failed_dependency?: string;
}

/** A new task's first state. `due`: its scheduled time, if any, has come. */
export function created(readiness: Readiness, due: boolean, at: string): TaskState {
  const state: TaskState = {
    status: "pending",
    progress: 0,
    retry_count: 0,
    attempt: 0,
    automatic_attempts: 0,
    attempts: [],
  };
  return settle(state, readiness, due, at);
}

/** Where a waiting task goes once its dependencies and its time are looked at again. */
export function settle(state: TaskState, readiness: Readiness, due: boolean, at: string): TaskState {
  if (readiness.failed_dependency !== undefined) {
    return dependencyFailed(state, readiness.failed_dependency, at);
  }
  return { ...state, status: readiness.ready && due ? "queued" : "pending" };
}

export function dependencyFailed(state: TaskState, dependency: string, at: string): TaskState {
  return {
    ...state,
    status: "failed",
    error: `Dependency '${dependency}' failed`,
    failed_dependency: dependency,
    completed_at: at,
    paused_from: undefined,
  };
}

/** The dispatcher takes the task: a new attempt begins under a lease. */
export function started(task: TaskRecord, lease: Lease, agent: string, at: string): TaskState {
  requireStatus(task, "start", ["queued"]);
  const { state } = task;
  const attempt = state.attempt + 1;
  // An attempt goes on with the turn that the one before has not completed.
  const turn = state.turn ?? 1;
  return {
    ...state,
    status: "running",
    started_at: at,
    completed_at: undefined,
    error: undefined,
    not_before: undefined,
    attempt,
    turn,
    automatic_attempts: state.automatic_attempts + 1,
    attempts: [...state.attempts, { attempt, turn, agent, started_at: at }].slice(-ATTEMPTS_KEPT),
    lease,
  };
}

/** Whether `lease` still holds the task's running attempt. */
export function holds(state: TaskState, lease: Lease): boolean {
  return state.lease !== undefined && isSameLease(state.lease, lease);
}

function endAttempt(state: TaskState, end: AttemptEnd, at: string): Attempt[] {
  return state.attempts.map((attempt) =>
    attempt.attempt === state.attempt && attempt.ended_at === undefined
      ? {
        ...attempt,
        ended_at: at,
        outcome: end.outcome,
        error: end.error === undefined ? undefined : cut(end.error),
        exit_code: end.exit_code,
        stop_reason: end.stop_reason,
      }
      : attempt
  );
}

/** The running attempt has ended for good. */
export function ended(task: TaskRecord, end: AttemptEnd, at: string): TaskState {
  requireStatus(task, "end", ["running", "paused"]);
  const { state } = task;
  const status = end.outcome === "completed" || end.outcome === "cancelled" ? end.outcome : "failed";
  return {
    ...state,
    status,
    progress: status === "completed" ? 100 : state.progress,
    error: status === "failed" ? cut(end.error ?? "failed") : undefined,
    completed_at: at,
    attempts: endAttempt(state, end, at),
    lease: undefined,
    paused_from: undefined,
    session: undefined,
  };
}

/** What a client's cancel does to a task that has no process. Running ones are ended first, then `ended`. */
export function cancelled(task: TaskRecord, at: string): TaskState {
  requireStatus(task, "cancel", ["pending", "queued", "running", "paused"]);
  return {
    ...task.state,
    status: "cancelled",
    completed_at: at,
    error: undefined,
    not_before: undefined,
    failed_dependency: undefined,
    paused_from: undefined,
    lease: undefined,
    session: undefined,
    attempts: endAttempt(task.state, { outcome: "cancelled" }, at),
  };
}

/** A client asks again for a task that failed or was cancelled. */
export function retried(task: TaskRecord, readiness: Readiness, due: boolean, at: string): TaskState {
  requireStatus(task, "retry", ["failed", "cancelled"]);
  return settle({ ...fresh(task.state), retry_count: task.state.retry_count + 1 }, readiness, due, at);
}

/** A task that failed only because a dependency did, which is now being retried. */
export function putBack(state: TaskState): TaskState {
  return { ...fresh(state), status: "pending" };
}

function fresh(state: TaskState): TaskState {
  return {
    ...state,
    progress: 0,
    progress_details: undefined,
    error: undefined,
    started_at: undefined,
    completed_at: undefined,
    failed_dependency: undefined,
    automatic_attempts: 0,
    not_before: undefined,
    session: undefined,
  };
}

export function paused(task: TaskRecord): TaskState {
  requireStatus(task, "pause", ["pending", "queued", "running"]);
  return {
    ...task.state,
    status: "paused",
    paused_from: task.state.status as "pending" | "queued" | "running",
  };
}

export function resumed(task: TaskRecord, readiness: Readiness, due: boolean, at: string): TaskState {
  requireStatus(task, "resume", ["paused"]);
  const state = { ...task.state, paused_from: undefined };
  return task.state.paused_from === "running"
    ? { ...state, status: "running" }
    : settle(state, readiness, due, at);
}

/**
 * A run was lost, because its server went away. The task is queued again, going on with the agent's session
 * where there is one, else from the start and counted as a retry; after `max_attempts` it fails.
 * `orderly`: the server was shut down, which is nobody's failure and uses up no attempt.
 */
export function recovered(task: TaskRecord, max_attempts: number, orderly: boolean, at: string): TaskState {
  const { state } = task;
  const attempts = endAttempt(state, {
    outcome: "interrupted",
    error: "The server went away while this attempt was running",
  }, at);
  const used = orderly ? Math.max(0, state.automatic_attempts - 1) : state.automatic_attempts;
  const lost = { ...state, attempts, lease: undefined, automatic_attempts: used };
  if (used >= max_attempts) {
    return usedUp(lost, "The server went away while the task was running", max_attempts, at);
  }
  const held = state.status === "paused";
  return { ...again(lost), status: held ? "paused" : "queued", paused_from: held ? "queued" : undefined };
}

/**
 * The running agent gave no sign of life any more and has been ended. The task waits until `not_before` and is
 * tried again, like one whose run was lost; after `max_attempts` it fails.
 */
export function unresponsive(
  task: TaskRecord,
  end: AttemptEnd,
  max_attempts: number,
  not_before: string,
  at: string,
): TaskState {
  requireStatus(task, "end", ["running"]);
  const { state } = task;
  const lost = { ...state, attempts: endAttempt(state, end, at), lease: undefined };
  if (state.automatic_attempts >= max_attempts) {
    return usedUp(lost, end.error ?? "The agent is unresponsive", max_attempts, at);
  }
  return { ...again(lost), status: "pending", not_before };
}

/** The waits before the second attempt, and before any. */
export interface RetryPolicy {
  retry_delay_ms: number;
  retry_delay_max_ms: number;
}

/**
 * How long to wait before the attempt after `attempts`: the delay doubles each time up to its bound, and chance
 * (0–1) takes up to half of it away, so that what failed together does not come back together.
 */
export function retryDelay(attempts: number, policy: RetryPolicy, chance: number): number {
  const { retry_delay_ms, retry_delay_max_ms } = policy;
  const delay_ms = Math.min(retry_delay_max_ms, retry_delay_ms * 2 ** Math.max(0, attempts - 1));
  return Math.round(delay_ms * (1 - chance / 2));
}

function usedUp(state: TaskState, error: string, max_attempts: number, at: string): TaskState {
  return {
    ...state,
    status: "failed",
    error: cut(`${error}, and all ${max_attempts} attempts are used up`),
    completed_at: at,
    paused_from: undefined,
    session: undefined,
  };
}

/** Goes on with the agent's session where there is one, else from the start, which counts as a retry. */
function again(state: TaskState): TaskState {
  return {
    ...state,
    retry_count: state.session ? state.retry_count : state.retry_count + 1,
    progress: state.session ? state.progress : 0,
    progress_details: state.session ? state.progress_details : undefined,
    started_at: undefined,
  };
}

/** The agent's plan: whole steps done of all. Never 100 before the task is completed. */
export function progressed(
  state: TaskState,
  plan: Pick<ProgressDetails, "current_step" | "steps"> & { completed_steps: number; total_steps: number },
  estimated_time_remaining: number | undefined,
): TaskState {
  const { completed_steps, total_steps, steps } = plan;
  const share = total_steps > 0 ? Math.floor((100 * completed_steps) / total_steps) : 0;
  const details: ProgressDetails = {
    current_step: plan.current_step ?? state.progress_details?.current_step,
    total_steps,
    completed_steps,
    estimated_time_remaining,
    steps,
  };
  return { ...state, progress: Math.min(99, Math.max(0, share)), progress_details: details };
}

/** The last thing the agent was seen doing; says nothing about how far it is. */
export function active(state: TaskState, current_step: string): TaskState {
  return { ...state, progress_details: { ...state.progress_details, current_step } };
}
