/** A task that is interrupted in the middle of its work, and goes on. */
import assert from "node:assert/strict";
import type { Fields, World } from "./world.ts";

/** Starts a task of four steps. Settles when two of them are done. */
export async function inTheMiddle(world: World, id: string): Promise<void> {
  await world.start(id, "mock:plan n=4 delay=1500");
  await world.model.seen(({ scenario, step, result, prompt }) =>
    scenario === "plan" && step === 2 && result === "open" && prompt !== ""
  );
}

/** Waits for the end of a task whose first attempt was interrupted, and answers in which session it went on. */
export async function goesOn(world: World, id: string): Promise<string> {
  const task = await world.ended(id);
  assert.deepEqual([task.status, task.attempt], ["completed", 2], String(task.error));
  const { attempts } = await world.result(id) as { attempts: Fields[] };
  return attempts[1]!.resumed === true ? "yes" : "in a new session, told what was done";
}
