/** Nothing that was in a worktree at the end of a turn is lost, whatever the agent did. `tests/long` looks longer. */
import { randomWork } from "../fixtures/random_work.ts";

Deno.test("worktree: whatever an agent does, what was there at a turn's end can still be had", async () => {
  await randomWork(25);
});
