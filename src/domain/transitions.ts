/**
 * What clients and dependencies make of a task's state. Each function takes where the task stands and returns where it
 * stands then, or throws `ApiError` when its status does not allow it. `at` is an ISO 8601 time.
 */
import { endAttempt } from "./attempt/task_transitions.ts";
import { requireStatus } from "./expected_status.ts";
import type { TaskRecord, TaskState } from "./task_record.ts";

/** How the dependencies of a task stand. */
export interface Readiness {
  /** All are completed. */
  ready: boolean;
  /** One of them failed or was cancelled, so the task fails. */
  failed_dependency?: string;
}

/** A new task's first state. `due`: it has no scheduled time, or that has come. */
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

/** A waiting task after another look at its dependencies and its time. */
export function settle(state: TaskState, readiness: Readiness, due: boolean, at: string): TaskState {
  if (readiness.failed_dependency !== undefined) {
    return dependencyFailed(state, readiness.failed_dependency, at);
  }
  return { ...state, status: readiness.ready && due ? "queued" : "pending" };
}

function dependencyFailed(state: TaskState, dependency: string, at: string): TaskState {
  return {
    ...state,
    status: "failed",
    error: `Dependency '${dependency}' failed`,
    failed_dependency: dependency,
    completed_at: at,
    paused_from: undefined,
  };
}

/** A client cancels the task. A running attempt loses its lease with this commit, and its agent is ended. */
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

/** A client retries a task that failed or was cancelled. */
export function retried(task: TaskRecord, readiness: Readiness, due: boolean, at: string): TaskState {
  requireStatus(task, "retry", ["failed", "cancelled"]);
  return settle({ ...fresh(task.state), retry_count: task.state.retry_count + 1 }, readiness, due, at);
}

/** A task that failed only because its dependency did waits again: that dependency is being retried. */
export function putBack(state: TaskState): TaskState {
  return { ...fresh(state), status: "pending" };
}

/** As if it had never run, but for its counts and its history. */
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

/** A client pauses the task: it stays where it is, a running one with its slot. */
export function paused(task: TaskRecord): TaskState {
  requireStatus(task, "pause", ["pending", "queued", "running"]);
  return {
    ...task.state,
    status: "paused",
    paused_from: task.state.status as "pending" | "queued" | "running",
  };
}

/** A client resumes a paused task. One that was running goes on; any other is looked at again. */
export function resumed(task: TaskRecord, readiness: Readiness, due: boolean, at: string): TaskState {
  requireStatus(task, "resume", ["paused"]);
  const state = { ...task.state, paused_from: undefined };
  return task.state.paused_from === "running"
    ? { ...state, status: "running" }
    : settle(state, readiness, due, at);
}
