/** Commits the end of a turn that another one follows in the same run. */
import type { NextTurn } from "../../domain/attempt/events.ts";
import type { CheckResult } from "../../domain/check.ts";
import { isSpent } from "../../domain/budget.ts";
import { withAttempt } from "../../domain/attempt/record_change.ts";
import type { Lease } from "../../domain/lease.ts";
import { begunByMessage } from "../../domain/turns.ts";
import { withWork } from "../../domain/attempt/work.ts";
import type { SavedWork } from "../../domain/workspace.ts";
import { advance, deliveries } from "../../store/queue.ts";
import type { RunContext } from "../run_context.ts";
import { roundsLeft, withComplaint } from "./check_run.ts";
import { noteDelivery, promptOf } from "./turn_prompt.ts";
import { answerOf, type Ended } from "./turn_record.ts";

/**
 * In one commit the agent's answer is stored, the message that waits longest becomes the prompt of the next turn, and the turn
 * advances. Returns that turn; undefined, with nothing stored, if no message waits or the lease is gone.
 */
export async function commitTurn(
  context: RunContext,
  task_id: string,
  lease: Lease,
  ended: Ended & { work?: SavedWork; checks?: CheckResult[] },
): Promise<NextTurn | undefined> {
  const { store } = context;
  const isBegun = await advance(store.tasks, task_id, lease, (before, task) => {
    if ((before.waiting === undefined && !ended.checks) || before.turn !== ended.turn) return undefined;
    const { state: answered, besides: { sets = [], deletes } } = answerOf(
      context,
      { ...task, state: withWork(before, ended.work) },
      ended,
    );
    const { state, texts } = withComplaint(task_id, answered, ended);
    // The message waits until the bound is raised.
    if (isSpent({ ...task, state }, context.index.usedBelow(task_id))) return undefined;
    const begun = begunByMessage(state)!.state;
    const attempts = withAttempt(begun, ended.attempt, { turn: begun.turn });
    const next = { ...begun, attempts, prompted_turn: undefined };
    return { state: next, sets: [...sets, ...texts, ...deliveries(task_id, state, next)], deletes };
  });
  const task = store.tasks.get(task_id);
  if (task && isBegun && ended.outcome.status === "completed") {
    context.holds.noteGoodTurn(task, task.state.attempts.at(-1)?.agent ?? "");
  }
  if (!isBegun || !task?.state.prompt?.message) return undefined;
  const message = await promptOf(context, task_id, task.state.prompt.message);
  const told = noteDelivery(store, task, message.text);
  if (told) await told;
  const { waiting = [] } = store.tasks.get(task_id)?.state ?? {};
  return {
    message,
    waiting: waiting.length,
    interrupts: waiting[0]?.mode === "now",
    roundsLeft: roundsLeft(context.settings, {
      ...task,
      state: store.tasks.get(task_id)?.state ?? task.state,
    }),
  };
}

/** The agent's answer is stored, and a turn of its own begins. */
export async function commitOwnTurn(
  context: RunContext,
  task_id: string,
  lease: Lease,
  ended: Ended,
): Promise<void> {
  await advance(context.store.tasks, task_id, lease, (before, task) => {
    const { state, besides } = answerOf(context, { ...task, state: before }, ended);
    const turn = ended.turn + 1;
    const prompt = { source: "agent" as const, message: state.prompt?.message };
    const next = { ...state, turn, prompt, prompted_turn: turn };
    return { state: { ...next, attempts: withAttempt(next, ended.attempt, { turn }) }, ...besides };
  });
}
