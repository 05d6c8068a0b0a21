/** What a task's own bound of costs makes of it: what is told and what is held is stored with the task. */
import { getLogger } from "@logtape/logtape";
import { SERVER } from "../domain/actor.ts";
import { isSpent, withShareTold } from "../domain/budget.ts";
import { paused } from "../domain/transitions.ts";
import type { RunContext } from "./run_context.ts";

const log = getLogger(["opencode-agents", "engine"]);

type Context = Pick<RunContext, "store" | "index">;

/** Pauses a queued task that has come to its bound, until a person raises it. Rejects if that could not be stored. */
export async function pauseSpent({ store, index }: Context, id: string): Promise<void> {
  await store.tasks.update((view) => {
    const task = view.get(id);
    const isHeld = task?.state.status === "queued" && isSpent(task, index.usedBelow(id));
    return isHeld ? { updates: [{ id, state: paused(task) }] } : {};
  }, SERVER);
}

/** Stores that a share of the task's bound is reached, of which clients are told then. */
export async function storeShareTold({ store, index }: Context, id: string): Promise<void> {
  try {
    await store.tasks.update((view) => {
      const task = view.get(id);
      const state = task && withShareTold(task, index.usedBelow(id));
      return task === undefined || state === task.state ? {} : { updates: [{ id, state: state! }] };
    }, SERVER);
  } catch (error) {
    // What is used next tells it.
    log.error("It is not told yet how much task {id} has used of its bound: {error}", { id, error });
  }
}
