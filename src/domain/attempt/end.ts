/** How an attempt ended, and the next state of its task. */
import { isoTime } from "../../clock/clock.ts";
import type { Failure } from "../failure.ts";
import type { RunOutcome } from "../run.ts";
import { executionOf, type TaskRecord, type TaskState } from "../task_record.ts";
import { isJudged } from "../task_values.ts";
import { type AttemptEnd, ended, retryDelay, type RetryPolicy, triedAgain } from "./task_transitions.ts";
import { withWork } from "./work.ts";
import { withoutLeaving } from "../leaving.ts";
import { followedUp } from "../reopening.ts";
import type { AttemptResult } from "./effects.ts";
import type { AttemptRules, AttemptState } from "./state.ts";

const INTERNAL: Failure = { kind: "bug", message: "Internal error" };
const GONE: Failure = {
  kind: "agent_crashed",
  message: "The agent had ended before it could be given the next message",
};
const STOPPED: Failure = { kind: "bug", message: "The agent was stopped" };

/** Derives the end from the agent's outcome and from the server's reason to stop it. */
export function attemptEnd(
  outcome: RunOutcome,
  { stop, isAtWork, isInterrupted, isUntaken, rules }:
    & Pick<
      AttemptState,
      "stop" | "isAtWork" | "isInterrupted" | "isUntaken"
    >
    & {
      rules: Pick<AttemptRules, "timeout_ms" | "unresponsive_limit_ms">;
    },
): AttemptEnd {
  const { status, exit_code, stop_reason } = outcome;
  if (stop === "timeout") {
    const message = `TASK_TIMEOUT_EXCEEDED: the task ran longer than its timeout of ${rules.timeout_ms} ms`;
    return { outcome: "timeout", failure: { kind: "timeout", message }, exit_code, stop_reason };
  }
  if (isUntaken) return { outcome: "failed", failure: GONE, exit_code, again: "at_once" };
  // An agent that completes its work while it is being ended was not silent after all.
  if (status === "completed") return { outcome: "completed", exit_code, stop_reason };
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
  return end;
}

const UNTAKEN: Pick<AttemptResult, "end" | "isPrompted"> = {
  end: { outcome: "failed", failure: GONE, again: "at_once" },
  isPrompted: false,
};

/** Whether a further turn is stored of which the attempt does not know: its commit was thought to have failed. */
function begunAfter({ state }: TaskRecord, { turn }: Pick<AttemptResult, "turn">): boolean {
  return state.turn !== undefined && state.turn > turn;
}

/**
 * The task's state after its attempt has ended. If the agent died or was unresponsive, the task is tried again. If a message
 * waits, the task goes on.
 * @param now epoch milliseconds
 * @param chance 0–1, varies the delay
 */
export function stateAfter(
  task: TaskRecord,
  result: Pick<AttemptResult, "turn" | "end" | "isPrompted" | "work">,
  policy: RetryPolicy & { max_attempts: number },
  now: number,
  chance: number,
): TaskState {
  const { end, isPrompted, work } = begunAfter(task, result) ? { ...result, ...UNTAKEN } : result;
  const follow = (state: TaskState) => followedUp(withWork(state, work), isPrompted, end.outcome);
  if (end.again === undefined) return follow(ended(task, end, isoTime(now)));
  const wait_ms = retryDelay(task.state.automatic_attempts, policy, chance);
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
