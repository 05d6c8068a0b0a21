/** Random agents in worktrees, at full size. */
import { randomWork } from "../fixtures/random_work.ts";
import { longTest } from "../fixtures/tier.ts";

longTest("worktree: whatever an agent does, what was there at a turn's end can still be had", async () => {
  await randomWork(300);
});
