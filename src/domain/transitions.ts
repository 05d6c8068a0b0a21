/**
 * How clients and dependencies change a task's state. Each function takes a task and returns its next state. It throws
 * `ApiError` if the task's status does not allow the change. `at` is an ISO 8601 time.
 */
import { endAttempt, failedWith, notFailed } from "./attempt/task_transitions.ts";
import { progressAfter } from "./attempt/record_change.ts";
import { notParked } from "./parked.ts";
import { notRefused } from "./retrying.ts";
import { requireStatus } from "./expected_status.ts";
import { isUnderWay, type TaskRecord, type TaskState } from "./task_record.ts";
import { ALLOWED_FROM } from "./task_values.ts";

/** The combined status of a task's dependencies. */
export interface Readiness {
  /** All are done. */
  ready: boolean;
  /** A dependency that failed or was cancelled, so that the task fails. */
  failed_dependency?: string;
  /** It had completed, and its changes, for which the task waits, were discarded. */
  isDiscarded?: boolean;
}

/** The first state of a new task. `due`: it has no scheduled time, or the time has come. */
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

/** The state of a waiting task after its dependencies and its time were checked again. */
export function settle(state: TaskState, readiness: Readiness, due: boolean, at: string): TaskState {
  if (isUnderWay(state)) return { ...state, status: due ? "queued" : "pending" };
  if (readiness.failed_dependency !== undefined) {
    return dependencyFailed(state, readiness, at);
  }
  return { ...state, status: readiness.ready && due ? "queued" : "pending" };
}

function dependencyFailed(
  state: TaskState,
  { failed_dependency, isDiscarded }: Readiness,
  at: string,
): TaskState {
  const why = isDiscarded ? ": its changes were discarded" : "";
  return {
    ...state,
    ...failedWith({ kind: "dependency", message: `Dependency '${failed_dependency}' failed${why}` }),
    failed_dependency,
    completed_at: at,
    paused_from: undefined,
  };
}

/**
 * A client cancels the task. A running attempt loses its lease with this commit, and its agent is ended. Until that is done, the
 * task is `leaving`.
 */
export function cancelled(task: TaskRecord, at: string): TaskState {
  requireStatus(task, "cancel", ALLOWED_FROM.cancel);
  return {
    ...task.state,
    status: "cancelled",
    completed_at: at,
    ...notFailed,
    ...notRefused,
    ...notParked,
    not_before: undefined,
    failed_dependency: undefined,
    paused_from: undefined,
    lease: undefined,
    leaving: task.state.lease ?? task.state.leaving,
    reopened: undefined,
    goes_on: undefined,
    turn_over: task.state.turn_over || isPrompted(task.state),
    attempts: endAttempt(task.state, { outcome: "cancelled" }, at),
  };
}

/** Whether the agent was given the prompt of the turn, as far as the record knows; undefined if not. */
export function isPrompted({ turn, prompted_turn }: TaskState): true | undefined {
  return turn !== undefined && turn === prompted_turn ? true : undefined;
}

/**
 * A client retries a task that failed or was cancelled. It goes on in the agent's session if there is one. `fresh`: it
 * begins a new one, as at first.
 */
export function retried(
  task: TaskRecord,
  readiness: Readiness,
  due: boolean,
  at: string,
  { fresh }: { fresh: boolean },
): TaskState {
  requireStatus(task, "retry", ALLOWED_FROM.retry);
  const { attempt, retry_count } = task.state;
  const forgotten = { session: undefined, progress_details: undefined, earlier_plan: undefined };
  const before = fresh ? { ...task.state, ...forgotten, fresh_from: attempt + 1 } : task.state;
  // The turn that was not completed goes on, before any message that waits.
  const open = {
    ...openAgain(before),
    turn_over: undefined,
    keeps_dependents: undefined,
    check_rounds: undefined,
  };
  return settle({ ...open, retry_count: retry_count + 1 }, readiness, due, at);
}

/** A task that failed only because of its dependency waits again, because that dependency is being retried. */
export function putBack(state: TaskState): TaskState {
  return { ...openAgain(state), status: "pending" };
}

/** The state without the end of the task. A session keeps its progress. */
export function openAgain(state: TaskState): TaskState {
  return {
    ...state,
    ...progressAfter(state, state.session !== undefined),
    ...notFailed,
    ...notRefused,
    ...notParked,
    archived: undefined,
    started_at: undefined,
    completed_at: undefined,
    failed_dependency: undefined,
    automatic_attempts: 0,
    not_before: undefined,
    goes_on: undefined,
  };
}

/** A client pauses the task. A running task keeps its slot. */
export function paused(task: TaskRecord): TaskState {
  requireStatus(task, "pause", ALLOWED_FROM.pause);
  return {
    ...task.state,
    status: "paused",
    paused_from: task.state.status as TaskState["paused_from"],
  };
}

/** A client resumes a paused task. A task that was running continues; any other is settled again. */
export function resumed(task: TaskRecord, readiness: Readiness, due: boolean, at: string): TaskState {
  requireStatus(task, "resume", ALLOWED_FROM.resume);
  const state = { ...task.state, paused_from: undefined };
  return task.state.paused_from === "running"
    ? { ...state, status: "running" }
    : settle(state, readiness, due, at);
}
