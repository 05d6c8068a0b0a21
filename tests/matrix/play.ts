/** Plays the scenarios with one agent, one after another, and compares what it does with the table. */
import assert from "node:assert/strict";
import type { AgentName } from "../fixtures/agents.ts";
import { TIER } from "../fixtures/tier.ts";
import { ANSWERS } from "./answers.ts";
import { QUICK, SCENARIOS } from "./scenarios.ts";
import { withWorld } from "./world.ts";

/** Names of scenarios to play instead of all, separated by commas. */
const ONLY = Deno.env.get("SCENARIO")?.split(",");

/** `isLong`: only the long tier plays this agent. */
export function playAll(agent: AgentName, { isLong }: { isLong: boolean }): void {
  Deno.test({
    name: `${agent}: does in each scenario what docs/agents.md says`,
    ignore: isLong && TIER !== "long",
    fn: (t) =>
      withWorld(agent, async (world) => {
        for (const scenario of SCENARIOS) {
          const isLeftOut = ONLY === undefined
            ? TIER !== "long" && !QUICK.has(scenario)
            : !ONLY.includes(scenario.name);
          await t.step({
            name: scenario.name,
            ignore: isLeftOut,
            fn: async () => {
              const answer = await scenario.play(world, scenario.name);
              const expected = [ANSWERS[agent][scenario.name]].flat();
              assert.ok(expected.includes(answer), `answers "${answer}", and the table has "${expected}"`);
            },
          });
        }
      }),
  });
}
