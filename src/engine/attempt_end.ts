/** The commit of an attempt's end: its output, what becomes of the task, and of those that wait for it. */
import { isoTime } from "../clock/clock.ts";
import type { RunOutcome } from "../domain/run.ts";
import { cascade, CASCADE_LIMIT, failuresRead } from "../domain/cascade.ts";
import type { Lease } from "../domain/lease.ts";
import { executionOf, isFinished, type TaskRecord, type TaskState } from "../domain/task_record.ts";
import { type AttemptEnd, ended, holds, retryDelay, unresponsive } from "../domain/transitions.ts";
import { forgottenOutputs } from "./retention.ts";
import { settle } from "../store/queue.ts";
import type { RunContext } from "./run_context.ts";

export interface EndedAttempt {
  task_id: string;
  attempt: number;
  lease: Lease;
  outcome: RunOutcome;
  end: AttemptEnd;
  /** Ended because the server ends: the task is left for the next one to take up. */
  left: boolean;
}

/** How the attempt ended, from what its agent answered and what the server ended it for. */
export function attemptEnd(
  outcome: RunOutcome,
  deadline: { passed: boolean; limit_ms: number },
  silence: { passed: boolean; limit_ms: number },
): AttemptEnd {
  const { exit_code, stop_reason } = outcome;
  if (deadline.passed) {
    const error = `TASK_TIMEOUT_EXCEEDED: the task ran longer than its timeout of ${deadline.limit_ms} ms`;
    return { outcome: "timeout", error, exit_code, stop_reason };
  }
  if (silence.passed && outcome.status !== "completed") {
    const error = `The agent gave no sign of life for ${silence.limit_ms} ms`;
    return { outcome: "unresponsive", error, exit_code, stop_reason };
  }
  if (outcome.status === "completed") return { outcome: "completed", exit_code, stop_reason };
  return { outcome: "failed", error: outcome.error ?? "The agent was stopped", exit_code, stop_reason };
}

/** Throws what the store throws; nothing has changed then. */
export async function commitAttemptEnd(context: RunContext, ended_attempt: EndedAttempt): Promise<void> {
  const { store, index, clock } = context;
  const { task_id, attempt, lease, outcome, end, left } = ended_attempt;
  const output = store.outputs.entry(task_id, attempt, {
    output: outcome.output,
    exit_code: outcome.exit_code,
    stop_reason: outcome.stop_reason,
    usage: outcome.usage,
  });
  const outputs = { sets: [output], deletes: forgottenOutputs(store, task_id, attempt) };
  const chance = clock.random();
  await settle(store.tasks, task_id, lease, (task, view) => {
    if (left) return new Map();
    const now = clock.now();
    const state = stateAfter(context, task, end, now, chance);
    const graph = {
      find: (other: string) => view.get(other),
      dependentsOf: (other: string) => index.dependentsOf(other),
    };
    const own = new Map([[task_id, state]]);
    const following = isFinished(state.status)
      ? cascade(graph, own, now, isoTime(now), CASCADE_LIMIT).states
      : new Map();
    return new Map([...own, ...following]);
  }, outputs);
}

function stateAfter(
  { settings, max_attempts }: RunContext,
  task: TaskRecord,
  end: AttemptEnd,
  now: number,
  chance: number,
): TaskState {
  if (end.outcome !== "unresponsive" || task.state.status !== "running") {
    return ended(task, end, isoTime(now));
  }
  const wait_ms = retryDelay(task.state.automatic_attempts, settings, chance);
  const attempts = executionOf(task).max_attempts ?? max_attempts;
  return unresponsive(task, end, attempts, isoTime(now + wait_ms), isoTime(now));
}
