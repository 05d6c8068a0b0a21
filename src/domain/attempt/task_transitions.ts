/**
 * How attempts change their task's state: an attempt begins, ends, is lost, or is followed by another. Each function takes a task
 * and returns its next state. It throws `ApiError` if the task's status does not allow the change.
 */
import type { Failure } from "../failure.ts";
import { isSpent } from "../budget.ts";
import { requireStatus } from "../expected_status.ts";
import { isSameLease, type Lease } from "../lease.ts";
import { progressAfter } from "./record_change.ts";
import { turnOver } from "../task_usage.ts";
import { notParked, parkedFrom } from "../parked.ts";
import { notRefused } from "../retrying.ts";
import { begunByMessage } from "../turns.ts";
import { ATTEMPTS_KEPT, type TaskRecord, type TaskState } from "../task_record.ts";
import type { Attempt } from "./stored_attempt.ts";

const UNKNOWN: Failure = { kind: "bug", message: "failed" };

/** How an attempt ended. */
export interface AttemptEnd {
  outcome: NonNullable<Attempt["outcome"]>;
  /** Present unless the attempt was completed or cancelled. */
  failure?: Failure;
  exit_code?: number;
  stop_reason?: string;
  /**
   * The task is tried again: at once, or after a delay. `when_released`: when its agent's provider takes requests again.
   * `soon`: when the provider has less to do. `unspent`: when its budget allows it. `when_room`: when there is room on the disk.
   * `answered`: when a person has answered what it asks. Those count as no attempt.
   */
  again?: "at_once" | "later" | "when_released" | "soon" | "unspent" | "when_room" | "answered";
  /** The delay, if it is configured for this kind of failure. */
  delay_ms?: number;
  /** The agent fell silent before it did anything in its earlier session, which the next attempt leaves alone. */
  losesSession?: true;
}

const ERROR_MAX = 1000;

function cut(error: string): string {
  return error.length <= ERROR_MAX ? error : Array.from(error).slice(0, ERROR_MAX).join("");
}

/** The fields of a task that has failed, or of its attempt. */
function blamed({ kind, message }: Failure): { error: string; failure: Failure } {
  const error = cut(message);
  return { error, failure: { kind, message: error } };
}

export function failedWith(failure: Failure): Pick<TaskState, "status" | "error" | "failure"> {
  return { status: "failed", ...blamed(failure) };
}

/** The fields of a task that has not failed. */
export const notFailed = { error: undefined, failure: undefined };

/** A node claims the task: a new attempt begins under a lease. */
export function started(task: TaskRecord, lease: Lease, agent: string, at: string): TaskState {
  requireStatus(task, "start", ["queued"]);
  const { state } = task;
  const attempt = state.attempt + 1;
  // An attempt continues with the turn that the one before it did not complete, else with a message.
  const next = state.turn_over ? begunByMessage(state)?.state ?? state : state;
  const { turn = 1 } = next;
  return {
    ...turnOver(next),
    reopened: undefined,
    goes_on: undefined,
    parked: undefined,
    status: "running",
    started_at: at,
    completed_at: undefined,
    ...notFailed,
    not_before: undefined,
    attempt,
    turn,
    automatic_attempts: state.automatic_attempts + 1,
    attempts: [...state.attempts, { attempt, turn, agent, started_at: at }].slice(-ATTEMPTS_KEPT),
    lease,
    leaving: undefined,
  };
}

/** Whether `lease` still holds the task's running attempt. */
export function holds(state: TaskState, lease: Lease): boolean {
  return state.lease !== undefined && isSameLease(state.lease, lease);
}

/** The attempts, with the running one ended. */
export function endAttempt(state: TaskState, end: AttemptEnd, at: string): Attempt[] {
  return state.attempts.map((attempt) =>
    attempt.attempt === state.attempt && attempt.ended_at === undefined
      ? {
        ...attempt,
        ended_at: at,
        outcome: end.outcome,
        ...(end.failure === undefined ? notFailed : blamed(end.failure)),
        exit_code: end.exit_code,
        stop_reason: end.stop_reason,
      }
      : attempt
  );
}

/** The task's status after its last attempt. One that a person had ended for a message is no failure. */
const END_STATUS: Record<AttemptEnd["outcome"], "completed" | "cancelled" | "failed"> = {
  completed: "completed",
  cancelled: "cancelled",
  interrupted: "cancelled",
  failed: "failed",
  timeout: "failed",
  unresponsive: "failed",
};

/** The running attempt has ended, and the task with it. */
export function ended(task: TaskRecord, end: AttemptEnd, at: string): TaskState {
  requireStatus(task, "end", ["running", "paused"]);
  const { state } = task;
  const status = END_STATUS[end.outcome];
  return {
    ...state,
    ...notRefused,
    ...notParked,
    status,
    progress: status === "completed" ? 100 : state.progress,
    ...(status === "failed" ? failedWith(end.failure ?? UNKNOWN) : notFailed),
    completed_at: at,
    attempts: endAttempt(state, end, at),
    lease: undefined,
    paused_from: undefined,
  };
}

/**
 * The attempt is lost because its server ended. The task is queued again. It resumes the agent's session if there is
 * one; otherwise it starts over, which counts as a retry. After `max_attempts` the task fails.
 * @param orderly the server was shut down, which is not a failure and uses up no attempt
 * @param isLeaving the agent may still be at work until the next server has ended it. After an orderly end with the agent gone,
 *   another server goes on with the task, which is no retry.
 */
export function recovered(
  task: TaskRecord,
  max_attempts: number,
  { orderly, isLeaving }: { orderly: boolean; isLeaving: boolean },
  at: string,
): TaskState {
  const { state } = task;
  const attempts = endAttempt(state, {
    outcome: "interrupted",
    failure: { kind: "agent_crashed", message: "The server went away while this attempt was running" },
  }, at);
  const used = orderly ? Math.max(0, state.automatic_attempts - 1) : state.automatic_attempts;
  const leaving = isLeaving ? state.lease ?? state.leaving : undefined;
  const lost = { ...state, attempts, lease: undefined, leaving, automatic_attempts: used };
  if (used >= max_attempts) {
    const failure = {
      kind: "agent_crashed",
      message: "The server went away while the task was running",
    } as const;
    return usedUp(lost, failure, max_attempts, at);
  }
  const held = state.status === "paused";
  const isDrained = orderly && !isLeaving;
  const next = again(lost);
  const retry_count = isDrained ? state.retry_count : next.retry_count;
  return {
    ...next,
    retry_count,
    status: held ? "paused" : "queued",
    paused_from: held ? "queued" : undefined,
  };
}

/**
 * The agent died, or fell silent and has been ended. The task is tried again, as after a lost attempt: at once, or after
 * `not_before`. A paused one waits until it is resumed. After `max_attempts` the task fails.
 */
export function triedAgain(
  task: TaskRecord,
  end: AttemptEnd,
  max_attempts: number,
  not_before: string | undefined,
  at: string,
): TaskState {
  requireStatus(task, "end", ["running", "paused"]);
  const { state } = task;
  const session = end.losesSession ? undefined : state.session;
  const lost = { ...state, ...notRefused, attempts: endAttempt(state, end, at), lease: undefined, session };
  if (state.automatic_attempts >= max_attempts) {
    return usedUp(lost, end.failure ?? UNKNOWN, max_attempts, at);
  }
  const next = { ...again(lost), not_before };
  const waits = not_before === undefined ? "queued" : "pending";
  return state.status === "paused"
    ? { ...next, status: "paused", paused_from: waits }
    : { ...next, status: waits };
}

/**
 * The provider refuses the agent for a time, or the disk is full. The task waits, `queued` for its agent or until `not_before`, and goes on in its
 * session. The attempt does not count. A paused one waits until it is resumed.
 */
export function putOff(
  task: TaskRecord,
  end: AttemptEnd,
  at: string,
  wait: Pick<TaskState, "not_before" | "patience" | "refused_since">,
): TaskState {
  requireStatus(task, "end", ["running", "paused"]);
  const { state } = task;
  const waits = wait.not_before === undefined ? "queued" : "pending";
  const next = {
    ...state,
    ...progressAfter(state, state.session !== undefined),
    attempts: endAttempt(state, end, at),
    automatic_attempts: Math.max(0, state.automatic_attempts - 1),
    lease: undefined,
    started_at: undefined,
    goes_on: true,
    ...wait,
  };
  return state.status === "paused"
    ? { ...next, status: "paused", paused_from: waits }
    : { ...next, status: waits };
}

/**
 * A budget is spent, and the agent has been ended for it. The task goes on in its session: when its own bound is raised, or when
 * a day's budget allows it. The attempt does not count.
 */
export function heldByBudget(task: TaskRecord, end: AttemptEnd, at: string): TaskState {
  const held = putOff(task, end, at, {});
  return isSpent(task) ? { ...held, status: "paused", paused_from: "queued" } : held;
}

/**
 * The agent waited too long for a person, and has been ended: the task gives its slot back, and goes on in its session when what
 * is open is answered. The attempt does not count. A message that does not wait ends the turn, as it would the agent's.
 */
export function parked(
  task: TaskRecord,
  end: AttemptEnd,
  open: Parameters<typeof parkedFrom>[0],
  at: string,
): TaskState {
  const state = { ...putOff(task, end, at, {}), parked: parkedFrom(open) };
  return state.waiting?.some(({ mode }) => mode === "now") ? withTurnEnded(state) : state;
}

/** The state of a parked task whose turn is ended for a message: nobody need answer. */
export function withTurnEnded(state: TaskState): TaskState {
  return state.parked === undefined ? state : { ...state, ...notParked, turn_over: true };
}

/** Nobody has answered a parked request in time, and the task is to fail for that. */
export function failedWaiting(task: TaskRecord, title: string, at: string): TaskState {
  const message = `Permission denied, nobody answered in time: ${title}`;
  return {
    ...task.state,
    ...notRefused,
    ...notParked,
    ...failedWith({ kind: "permission_denied", message }),
    completed_at: at,
    paused_from: undefined,
    goes_on: undefined,
    turn_over: true,
  };
}

export interface RetryPolicy {
  /** The delay before the second attempt. */
  retry_delay_ms: number;
  /** The longest delay. */
  retry_delay_max_ms: number;
}

/**
 * The delay in milliseconds after this many attempts. It doubles each time, up to its bound. `chance` (0–1) takes away
 * up to half of it, so that tasks that failed together are not retried together.
 */
export function retryDelay(attempts: number, policy: RetryPolicy, chance: number): number {
  const { retry_delay_ms, retry_delay_max_ms } = policy;
  const delay_ms = Math.min(retry_delay_max_ms, retry_delay_ms * 2 ** Math.max(0, attempts - 1));
  return Math.round(delay_ms * (1 - chance / 2));
}

function usedUp(state: TaskState, { kind, message }: Failure, max_attempts: number, at: string): TaskState {
  const used = max_attempts === 1
    ? "the task has no other attempt"
    : `all ${max_attempts} attempts are used up`;
  return {
    ...state,
    ...notParked,
    ...failedWith({ kind, message: `${message}, and ${used}` }),
    completed_at: at,
    paused_from: undefined,
  };
}

/** The next attempt resumes the agent's session if there is one; otherwise it starts over, as a retry. */
function again(state: TaskState): TaskState {
  return {
    ...state,
    ...progressAfter(state, state.session !== undefined),
    retry_count: state.session ? state.retry_count : state.retry_count + 1,
    started_at: undefined,
    goes_on: true,
  };
}
