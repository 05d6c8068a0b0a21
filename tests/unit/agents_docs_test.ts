/** The table in docs/agents.md is what the tests of real agents play. */
import assert from "node:assert/strict";
import { AGENTS_DOCS, withTable } from "../../scripts/agents_docs.ts";
import { ANSWERS } from "../matrix/answers.ts";
import { SCENARIOS } from "../matrix/scenarios.ts";

Deno.test("the table in docs/agents.md is up to date (deno task docs)", async () => {
  const page = await Deno.readTextFile(AGENTS_DOCS);
  assert.equal(page, withTable(page));
});

Deno.test("each agent has an answer to each scenario, and to no other", () => {
  const names = SCENARIOS.map(({ name }) => name).sort();
  assert.equal(new Set(names).size, names.length);
  for (const [agent, answers] of Object.entries(ANSWERS)) {
    assert.deepEqual(Object.keys(answers).sort(), names, agent);
  }
});
