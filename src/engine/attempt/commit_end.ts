/** Commits the end of an attempt: its output, the task's next state, and the states of waiting tasks that follow. */
import type { AttemptResult } from "../../domain/attempt/effects.ts";
import { stateAfter } from "../../domain/attempt/end.ts";
import { cascade } from "../../domain/cascade.ts";
import { withWork } from "../../domain/attempt/work.ts";
import type { Lease } from "../../domain/lease.ts";
import { settle } from "../../store/queue.ts";
import { forgottenOutputs } from "../retention.ts";
import type { RunContext } from "../run_context.ts";

/** Throws what the store throws. The commit may then have been carried out or not. */
export async function commitAttemptEnd(
  context: RunContext,
  task_id: string,
  lease: Lease,
  { attempt, outcome, end, isLeft, work }: AttemptResult,
): Promise<void> {
  const { store, index, clock, settings, max_attempts } = context;
  const output = store.outputs.entry(task_id, attempt, {
    output: outcome.output,
    exit_code: outcome.exit_code,
    stop_reason: outcome.stop_reason,
    usage: outcome.usage,
    warnings: outcome.warnings,
    left_running: outcome.left_running,
  });
  const outputs = { sets: [output], deletes: forgottenOutputs(store, task_id, attempt) };
  const chance = clock.random();
  await settle(
    store.tasks,
    task_id,
    lease,
    (task, view) => {
      if (isLeft) return new Map();
      const now = clock.now();
      const state = withWork(stateAfter(task, end, { ...settings, max_attempts }, now, chance), work);
      return cascade(index.graphOf(view), new Map([[task_id, state]]), now);
    },
    outputs,
    (state) => withWork(state, work),
  );
}
