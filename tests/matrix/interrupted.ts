/** A task that is interrupted in the middle of its work, and goes on. */
import assert from "node:assert/strict";
import type { Fields, World } from "./world.ts";

/** A plan of four steps, whose model says no more after two of them until the agent is interrupted. */
export const heldPlan = (id: string) => `mock:plan n=4 delay=100 hold=2 id=${id}`;

/** Starts a task of four steps. Settles when two of them are done; until it is interrupted, it stays there. */
export async function inTheMiddle(world: World, id: string): Promise<void> {
  await world.start(id, heldPlan(id));
  await world.model.seen(({ scenario, step, told, side }) =>
    scenario === "plan" && step === 2 && !side && told.includes(heldPlan(id))
  );
}

/** Waits for the end of a task whose first attempt was interrupted, and answers in which session it went on. */
export async function goesOn(world: World, id: string): Promise<string> {
  const task = await world.ended(id);
  assert.deepEqual([task.status, task.attempt], ["completed", 2], String(task.error));
  const { attempts } = await world.result(id) as { attempts: Fields[] };
  return attempts[1]!.resumed === true ? "yes" : "in a new session, told what was done";
}
