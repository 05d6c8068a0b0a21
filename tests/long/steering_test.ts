/** Messages into a running turn of the real agents that take them. */
import assert from "node:assert/strict";
import { watchRun } from "../agents/fixtures/acp_run.ts";
import { longTest } from "../fixtures/tier.ts";
import { withAgent } from "./fixtures/real_agent.ts";

for (const name of ["claude", "codex"] as const) {
  longTest(`${name}: a message reaches its running turn`, () =>
    withAgent(name, async (bench, ask) => {
      const watched = await watchRun(bench, ask("mock:plan n=3 delay=1500"));
      await watched.first("progress");
      assert.equal(await watched.run.steer!({ text: 'mock:simple text="steered well"' }), true);
      const { status, failure, output } = await watched.run.outcome;
      assert.equal(status, "completed", failure?.message);
      assert.match(output, /steered well/);
      assert.equal(await watched.run.steer!({ text: "too late" }), false);
    }));
}

for (const name of ["opencode", "gemini"] as const) {
  longTest(`${name}: takes no message into its turn`, () =>
    withAgent(name, async (bench, ask) => {
      const watched = await watchRun(bench, ask("mock:slow n=20 delay=200"));
      await watched.first("at_work");
      assert.equal(await watched.run.steer!({ text: "more" }), false);
      await watched.run.stop();
    }));
}
