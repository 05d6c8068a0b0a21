/** What each real agent tells of its usage: of a turn with several calls of the model, and of one in a loaded session. */
import assert from "node:assert/strict";
import { sumsOf } from "../../src/domain/usage_counting.ts";
import { tokensIn } from "../../src/domain/task_usage.ts";
import { ran } from "../agents/fixtures/acp_run.ts";
import type { AgentName } from "../fixtures/agents.ts";
import { longTest } from "../fixtures/tier.ts";
import { withAgent } from "./fixtures/real_agent.ts";

const NO_PRICES = { pricing: {}, duration_ms: 0 };

/** How many tokens a turn has at least: some agents tell only those of the last call. */
const AGENTS: Record<AgentName, { calls: number; tellsCost: boolean; tellsEachCall: boolean }> = {
  opencode: { calls: 1, tellsCost: true, tellsEachCall: false },
  claude: { calls: 4, tellsCost: true, tellsEachCall: true },
  codex: { calls: 4, tellsCost: false, tellsEachCall: true },
  gemini: { calls: 4, tellsCost: false, tellsEachCall: false },
};

for (const [name, { calls, tellsCost, tellsEachCall }] of Object.entries(AGENTS)) {
  longTest(
    `${name}: the tokens and the cost of a turn are its own, during it and in a loaded session`,
    () =>
      withAgent(name as AgentName, async (bench, ask) => {
        const permissions = "allow" as const;
        const first = await ran(bench, ask("mock:plan n=3 delay=1100", { permissions }));
        const one = sumsOf(first.outcome.usage, NO_PRICES);
        assert.equal(one.cost_source, tellsCost ? "reported" : "unknown");
        const told = first.all("usage").map(({ usage }) => tokensIn(sumsOf(usage, NO_PRICES)));
        const rising = new Set(told.filter((tokens) => tokens > 0));
        assert.ok(tellsEachCall ? rising.size > 2 : rising.size <= 1, JSON.stringify(told));
        const { session_id, opened_at } = first.all("session")[0]!;
        const resume = { session_id, opened_at, cost: first.outcome.session_cost };
        const second = await ran(bench, ask('mock:simple text="two"', { permissions, resume }));
        const two = sumsOf(second.outcome.usage, NO_PRICES);
        // One call of the model reads about as much as each of those before.
        const perCall = tokensIn(one) / calls;
        assert.ok(
          tokensIn(two) > 0 && tokensIn(two) < 2.5 * perCall,
          `${tokensIn(two)} after ${tokensIn(one)}`,
        );
        if (one.cost_usd > 0) assert.ok(two.cost_usd > 0 && two.cost_usd < one.cost_usd);
      }),
  );
}
