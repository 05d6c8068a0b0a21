/** Commits the end of an attempt: its answer, the task's next state, and the states of waiting tasks that follow. */
import { epochOf, isoTime } from "../../clock/clock.ts";
import { isAnswered } from "../../domain/attempt/record_change.ts";
import type { AttemptResult } from "../../domain/attempt/effects.ts";
import { afterLoss, stateAfter } from "../../domain/attempt/end.ts";
import { cascade } from "../../domain/cascade.ts";
import type { Lease } from "../../domain/lease.ts";
import type { TaskRecord, TaskState } from "../../domain/task_record.ts";
import { type Besides, settle } from "../../store/queue.ts";
import type { RunContext } from "../run_context.ts";
import { withComplaint } from "./check_run.ts";
import { answerOf } from "./turn_record.ts";

/**
 * `started_at`: of the last turn. Returns false if the task must be checked first: then nothing is stored. Throws what the
 * store throws. The commit may then have been carried out or not.
 */
export async function commitAttemptEnd(
  context: RunContext,
  task_id: string,
  lease: Lease,
  result: AttemptResult,
  started_at: string,
): Promise<boolean> {
  const { store, index, clock, settings, holds, max_attempts } = context;
  const { max_wait_ms } = settings.provider_limit;
  const chance = clock.random();
  const agent = store.tasks.get(task_id)?.state.attempts.at(-1)?.agent;
  // Before the task is queued again, which must not start it at once.
  if (agent !== undefined) await noteProvider(context, task_id, agent, result);
  let isStored = true;
  await settle(store.tasks, task_id, lease, (task, view, isHeld) => {
    const now = clock.now();
    const times = { started_at, ended_at: isoTime(now) };
    const { state: answered, besides } = withAnswer(context, task, result, times);
    if (!isHeld || result.isLeft) {
      const states = new Map(answered === task.state ? [] : [[task_id, answered]]);
      return { states, ...besides };
    }
    // A turn that is stored already, with what follows it, was told of its checks then.
    const isTold = result.checks?.goesBack !== true || task.state.turn !== result.turn;
    const complaint = { checks: isTold ? undefined : result.checks?.results, ...times };
    const { state, waits, texts } = withComplaint(task_id, answered, complaint);
    const held = holds.places.of({ ...task, state }).held;
    const released_at = held && epochOf(held.until);
    const policy = { ...settings, max_attempts, max_wait_ms, released_at };
    const next = stateAfter({ ...task, state }, result, policy, now, chance);
    isStored = !(result.isUnchecked && next.status === "completed");
    if (!isStored) return { states: new Map() };
    const sets = [...besides.sets ?? [], ...waits, ...texts];
    return { states: cascade(index.graphOf(view), new Map([[task_id, next]]), now), ...besides, sets };
  });
  return isStored;
}

/** Holds the agent if its provider refuses it. A turn that ended well shows that it does not. */
async function noteProvider(
  { store, holds }: RunContext,
  task_id: string,
  agent: string,
  { end, outcome, isLeft }: AttemptResult,
): Promise<void> {
  const task = store.tasks.get(task_id);
  if (!task || isLeft) return;
  if (end.again === "when_released") {
    const reason = end.failure?.message ?? "The provider refuses";
    await holds.refused(task, agent, outcome.refusal ?? { reason });
  } else if (end.outcome === "completed") holds.noteGoodTurn(task, agent);
}

/** A turn whose end is stored already has no other answer: so it is after a commit that was thought to have failed. */
function withAnswer(
  context: RunContext,
  task: TaskRecord,
  result: AttemptResult,
  times: { started_at: string; ended_at: string },
): { state: TaskState; besides: Besides } {
  const { attempt, turn, outcome, isLeft, isPrompted, checks } = result;
  const state = afterLoss(task.state, result);
  if (isAnswered(state, attempt, turn)) return { state, besides: {} };
  // The turn has not begun, or goes on after the server's next start.
  if ((isLeft || !isPrompted) && outcome.output === "") return { state, besides: {} };
  return answerOf(context, { ...task, state }, {
    attempt,
    turn,
    outcome,
    checks: checks?.results,
    ...times,
  });
}
