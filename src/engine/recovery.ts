/** What becomes of tasks whose run has been lost: queued again, or failed when their attempts are used up. */
import { isoTime } from "../clock/clock.ts";
import { cascade, CASCADE_LIMIT, failuresRead } from "../domain/cascade.ts";
import { executionOf, holdsSlot, isFinished, type TaskState } from "../domain/task_record.ts";
import { recovered } from "../domain/transitions.ts";
import type { RunContext } from "./run_context.ts";
import type { TaskMemory } from "../read/task_index.ts";

/** How many tasks one commit takes up: with what follows from their failure it must fit into one. */
const BATCH = 10;

type Context = Pick<RunContext, "index" | "clock" | "store" | "max_attempts">;

/** Resolves after the commits. `orderly`: the server ends by itself, which is no failed attempt. */
export async function recoverTasks(context: Context, ids: string[], orderly: boolean): Promise<void> {
  for (let at = 0; at < ids.length; at += BATCH) {
    const some = ids.slice(at, at + BATCH);
    await context.store.tasks.update((view) => {
      const states = recoveredStates(context, view, some, orderly);
      return { updates: [...states].map(([id, state]) => ({ id, state })), reads: failuresRead(states) };
    });
  }
}

function recoveredStates(
  { index, clock, max_attempts }: Context,
  view: TaskMemory,
  ids: string[],
  orderly: boolean,
): Map<string, TaskState> {
  const now = clock.now();
  const states = new Map<string, TaskState>();
  for (const id of ids) {
    const task = view.get(id);
    if (!task || !holdsSlot(task.state)) continue;
    const attempts = executionOf(task).max_attempts ?? max_attempts;
    states.set(id, recovered(task, attempts, orderly, isoTime(now)));
  }
  const failed = new Map([...states].filter(([, state]) => isFinished(state.status)));
  const graph = {
    find: (id: string) => view.get(id),
    dependentsOf: (id: string) => index.dependentsOf(id),
  };
  const following = cascade(graph, failed, now, isoTime(now), CASCADE_LIMIT).states;
  return new Map([...states, ...following]);
}
