/** How an attempt ended, and the next state of its task. */
import { epochOf, isoTime } from "../../clock/clock.ts";
import { checkFailure } from "../check.ts";
import type { Failure } from "../failure.ts";
import type { RunOutcome } from "../run.ts";
import { executionOf, type TaskRecord, type TaskState } from "../task_record.ts";
import { isJudged } from "../task_values.ts";
import {
  type AttemptEnd,
  ended,
  failedWith,
  heldByBudget,
  parked,
  putOff,
  retryDelay,
  type RetryPolicy,
  triedAgain,
} from "./task_transitions.ts";
import { isFullDisk } from "../full_disk.ts";
import { notParked } from "../parked.ts";
import { nextLook, nextWait, notRefused } from "../retrying.ts";
import { withWork } from "./work.ts";
import { withoutLeaving } from "../leaving.ts";
import { followedUp } from "../reopening.ts";
import { goesBack } from "./checking.ts";
import type { AttemptResult } from "./effects.ts";
import type { AttemptRules, AttemptState } from "./state.ts";

const INTERNAL: Failure = { kind: "bug", message: "Internal error" };
const GONE: Failure = {
  kind: "agent_crashed",
  message: "The agent had ended before it could be given the next message",
};
const STOPPED: Failure = { kind: "bug", message: "The agent was stopped" };

/** What the end of an attempt depends on besides the agent's outcome. */
type Circumstances =
  & Pick<
    AttemptState,
    | "stop"
    | "isAtWork"
    | "isInterrupted"
    | "isUntaken"
    | "attemptsUsed"
    | "isPatient"
    | "checked"
    | "roundsLeft"
  >
  & { rules: Pick<AttemptRules, "timeout_ms" | "unresponsive_limit_ms" | "waits_for_provider" | "retry"> };

/** Derives the end from the agent's outcome and from the server's reason to stop it. */
export function attemptEnd(outcome: RunOutcome, around: Circumstances): AttemptEnd {
  return byPolicy(byItself(outcome, around), around);
}

function byItself(
  outcome: RunOutcome,
  around: Circumstances,
): AttemptEnd {
  const { stop, isAtWork, isInterrupted, isUntaken, isPatient, rules } = around;
  const { status, exit_code, stop_reason } = outcome;
  if (stop === "timeout") {
    const message = `TASK_TIMEOUT_EXCEEDED: the task ran longer than its timeout of ${rules.timeout_ms} ms`;
    return { outcome: "timeout", failure: { kind: "timeout", message }, exit_code, stop_reason };
  }
  if (isUntaken) return { outcome: "failed", failure: GONE, exit_code, again: "at_once" };
  // An agent that completes its work while it is being ended was not silent after all.
  if (status === "completed") {
    const message = around.checked && !goesBack(around) && checkFailure(around.checked.results);
    if (!message) return { outcome: "completed", exit_code, stop_reason };
    return { outcome: "failed", failure: { kind: "check_failed", message }, exit_code, stop_reason };
  }
  if (stop === "park") return { outcome: "interrupted", exit_code, stop_reason, again: "answered" };
  if (stop === "budget") return { outcome: "interrupted", exit_code, stop_reason, again: "unspent" };
  if (stop === "silence") {
    const message = `The agent gave no sign of life for ${rules.unresponsive_limit_ms} ms`;
    const failure: Failure = { kind: "unresponsive", message };
    return { outcome: "unresponsive", failure, exit_code, stop_reason, again: "later" };
  }
  // The next message follows, so nobody is to blame.
  if (stop === "message" || (stop === undefined && isInterrupted && status === "stopped")) {
    return { outcome: "interrupted", exit_code, stop_reason };
  }
  const failure = stop === "bug" ? INTERNAL : outcome.failure ?? STOPPED;
  const end: AttemptEnd = { outcome: "failed", failure, exit_code, stop_reason };
  // One that dies before it does anything would die again at once. One that does not answer in time needs a quieter machine.
  if (failure.kind === "agent_crashed") end.again = isAtWork ? "at_once" : "later";
  if (failure.kind === "unresponsive") end.again = "later";
  // Nothing was done, and nothing can be as long as there is no room.
  if (!isAtWork && isFullDisk(failure)) return { ...end, again: "when_room" };
  if (failure.kind === "provider_limit" && rules.waits_for_provider) end.again = "when_released";
  if (failure.kind === "overloaded" || failure.kind === "network") {
    if (isPatient) end.again = "soon";
    else end.failure = { ...failure, message: `${failure.message}, and so for an hour of waits` };
  }
  return end;
}

/** What is passing costs no attempt, whatever the policy. */
function byPolicy(end: AttemptEnd, { attemptsUsed, rules }: Circumstances): AttemptEnd {
  const policy = end.failure && rules.retry[end.failure.kind];
  if (!policy || end.failure === GONE || isPutOff(end)) return end;
  if (attemptsUsed >= policy.attempts) return { ...end, again: undefined };
  return { ...end, again: policy.delay_ms > 0 ? "later" : "at_once", delay_ms: policy.delay_ms };
}

const PUT_OFF: ReadonlySet<AttemptEnd["again"]> = new Set([
  "when_released",
  "soon",
  "unspent",
  "when_room",
  "answered",
]);

/** Whether the attempt does not count. */
export function isPutOff({ again }: Pick<AttemptEnd, "again">): boolean {
  return PUT_OFF.has(again);
}

const UNTAKEN: Pick<AttemptResult, "end" | "isPrompted"> = {
  end: { outcome: "failed", failure: GONE, again: "at_once" },
  isPrompted: false,
};

/** Whether a further turn is stored of which the attempt does not know: its commit was thought to have failed. */
function begunAfter({ state }: TaskRecord, { turn }: Pick<AttemptResult, "turn">): boolean {
  return state.turn !== undefined && state.turn > turn;
}

/** What decides how a task goes on that is tried again. */
export interface AgainPolicy extends RetryPolicy {
  max_attempts: number;
  /** When a refused task can go on, in epoch milliseconds: absent if it need not wait. */
  released_at?: number;
  /** How long it waits for that at most. */
  max_wait_ms: number;
}

/**
 * The task's state after its attempt has ended. If the agent died or was unresponsive, the task is tried again. If its provider
 * refused it, it waits. If a message waits, the task goes on.
 * @param now epoch milliseconds
 * @param chance 0–1, varies the delay
 */
export function stateAfter(
  task: TaskRecord,
  result: Pick<AttemptResult, "turn" | "outcome" | "end" | "isPrompted" | "work" | "open">,
  policy: AgainPolicy,
  now: number,
  chance: number,
): TaskState {
  const { end, isPrompted, work } = begunAfter(task, result) ? { ...result, ...UNTAKEN } : result;
  const follow = (state: TaskState) => followedUp(withWork(state, work), isPrompted, end.outcome);
  if (end.again === "when_released") return follow(whenReleased(task, end, policy, now));
  if (end.again === "soon") {
    return follow(putOff(task, end, isoTime(now), whenQuiet(task, result.outcome, now, chance)));
  }
  if (end.again === "when_room") {
    const { wait_ms, patience } = nextLook(task.state.patience, chance);
    return follow(putOff(task, end, isoTime(now), { not_before: isoTime(now + wait_ms), patience }));
  }
  if (end.again === undefined) return follow(ended(task, end, isoTime(now)));
  if (end.again === "answered") return follow(parked(task, end, result.open, isoTime(now)));
  if (end.again === "unspent") return follow(heldByBudget(task, end, isoTime(now)));
  const wait_ms = end.delay_ms ?? retryDelay(task.state.automatic_attempts, policy, chance);
  const not_before = end.again === "later" ? isoTime(now + wait_ms) : undefined;
  const attempts = executionOf(task).max_attempts ?? policy.max_attempts;
  return follow(triedAgain(task, end, attempts, not_before, isoTime(now)));
}

/**
 * The state with what an attempt knows of its task although it has lost its lease, if no other attempt has begun: its agent is
 * gone; what it has saved, unless somebody has judged the work meanwhile; and whether a cancelled turn is over, which it is only
 * if the agent was given its prompt. A message may have reopened the task already.
 */
export function afterLoss(
  state: TaskState,
  { attempt, turn, isPrompted, work }: Pick<AttemptResult, "attempt" | "turn" | "isPrompted" | "work">,
): TaskState {
  if (state.lease !== undefined || state.attempt !== attempt) return state;
  const { ending, review } = state;
  const left = withoutLeaving(state);
  const known = ending !== undefined || isJudged(review) ? left : withWork(left, work);
  const { reopened } = known;
  if ((reopened ?? known).status !== "cancelled" || known.turn !== turn) return known;
  const turn_over = isPrompted ? true : undefined;
  if (known.turn_over === turn_over) return known;
  return { ...known, turn_over, reopened: reopened && { ...reopened, turn_over } };
}

/** An attempt that was so long has done something: what the task waits for then is another refusal. */
const AT_WORK_MS = 600_000;

function whenReleased(
  task: TaskRecord,
  end: AttemptEnd,
  { released_at, max_wait_ms }: AgainPolicy,
  now: number,
): TaskState {
  const refused_since = refusedSince(task.state, now);
  if (released_at === undefined || released_at - epochOf(refused_since) <= max_wait_ms) {
    return putOff(task, end, isoTime(now), { refused_since });
  }
  const { kind, message } = end.failure ?? STOPPED;
  return ended(
    task,
    { ...end, failure: { kind, message: message + tooLong(released_at, max_wait_ms) } },
    isoTime(now),
  );
}

/** Says that a task does not wait for its provider. */
function tooLong(until_ms: number, max_wait_ms: number): string {
  return `. It would have to wait until ${isoTime(until_ms)}, longer than tasks.provider_limit.max_wait_ms ` +
    `(${max_wait_ms} ms) allows`;
}

/**
 * The state of a queued task that was refused, and would have to wait too long now that its agent is held until then: it fails.
 * Undefined if it waits on.
 */
export function gaveUpWaiting(
  { state }: TaskRecord,
  held: { until: string; reason: string } | undefined,
  max_wait_ms: number,
  now: number,
): TaskState | undefined {
  if (state.status !== "queued" || state.refused_since === undefined || held === undefined) return undefined;
  // It waits for a person first.
  if (state.parked !== undefined) return undefined;
  const until_ms = epochOf(held.until);
  if (until_ms - epochOf(state.refused_since) <= max_wait_ms) return undefined;
  const message = held.reason + tooLong(until_ms, max_wait_ms);
  return {
    ...state,
    ...notRefused,
    ...notParked,
    ...failedWith({ kind: "provider_limit", message }),
    completed_at: isoTime(now),
    goes_on: undefined,
  };
}

function refusedSince({ refused_since, started_at }: TaskState, now: number): string {
  const hasWorked = started_at !== undefined && now - epochOf(started_at) >= AT_WORK_MS;
  return refused_since === undefined || hasWorked ? isoTime(now) : refused_since;
}

/** When a provider that has too much to do is asked again: not before it said so, if it did. */
function whenQuiet({ state }: TaskRecord, { refusal }: RunOutcome, now: number, chance: number) {
  const told_ms = refusal?.until === undefined ? undefined : epochOf(refusal.until) - now;
  const { wait_ms, patience } = nextWait(state.patience, chance, told_ms);
  return { not_before: isoTime(now + wait_ms), patience };
}
