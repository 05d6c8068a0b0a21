/** What the real agents tell of themselves while they work, against the scripted model. They are installed on first use. */
import assert from "node:assert/strict";
import type { AgentName } from "../fixtures/agents.ts";
import { longTest } from "../fixtures/tier.ts";
import { ran } from "../agents/fixtures/acp_run.ts";
import type { Bench } from "../agents/fixtures/harness.ts";
import { type Ask, withAgent as withRealAgent } from "./fixtures/real_agent.ts";

const AGENTS: readonly AgentName[] = ["opencode", "claude", "codex", "gemini"];

/** The agent may do what it asks for. */
function withAgent(name: AgentName, body: (bench: Bench, ask: Ask) => Promise<void>): Promise<void> {
  return withRealAgent(
    name,
    (bench, ask) => body(bench, (prompt, changes) => ask(prompt, { permissions: "allow", ...changes })),
  );
}

for (const name of AGENTS) {
  longTest(
    `${name}: while its model fails, it is seen to ask again, and then to go on`,
    () =>
      withAgent(name, async (bench, ask) => {
        // Codex tells only what outlasts its own client's four tries.
        const run = await ran(bench, ask(`mock:http code=503 times=${name === "codex" ? 6 : 2}`));
        assert.equal(run.outcome.status, "completed", run.outcome.failure?.message);
        assert.equal(run.outcome.output, "Recovered.");
        assert.ok(run.all("retrying").length > 0);
        assert.equal(run.all("recovered").length, 1);
        const warned = run.logs("warn").filter((text) => text.startsWith("Asks its model again"));
        assert.equal(warned.length, 1, warned.join("\n"));
      }),
  );

  longTest(
    `${name}: a wrong key ends its turn within seconds, and the failure says what to do`,
    () =>
      withAgent(name, async (bench, ask) => {
        const { outcome } = await ran(bench, ask('mock:http code=401 msg="invalid api key"'));
        assert.equal(outcome.failure?.kind, "needs_login", outcome.failure?.message);
      }),
  );
}

for (const name of ["opencode", "claude", "codex"] as const) {
  longTest(`${name}: a refusal of its model is no success`, () =>
    withAgent(name, async (bench, ask) => {
      const { outcome } = await ran(bench, ask("mock:refuse"));
      assert.deepEqual([outcome.status, outcome.failure?.kind], ["failed", "refused"]);
    }));
}

for (const name of ["opencode", "gemini"] as const) {
  longTest(
    `${name}: a limit that says when it ends ends its turn`,
    () =>
      withAgent(name, async (bench, ask) => {
        const { outcome } = await ran(
          bench,
          ask('mock:http code=429 msg="usage limit, try again in 2 hours"'),
        );
        assert.equal(outcome.failure?.kind, "provider_limit", outcome.failure?.message);
        assert.match(outcome.failure.message, /until 20\d\d-/);
      }),
  );
}

for (const name of ["opencode", "claude", "codex"] as const) {
  longTest(`${name}: what a command prints is in the log, once`, () =>
    withAgent(name, async (bench, ask) => {
      const run = await ran(
        bench,
        ask('mock:bash cmd="sleep 0.5; for i in 1 2 3; do echo line $i; sleep 0.7; done"'),
      );
      assert.equal(run.outcome.status, "completed", run.outcome.failure?.message);
      const printed = run.all("log").filter(({ details }) => details?.output === true).map(({ message }) =>
        message
      );
      assert.equal(printed.join("\n"), "line 1\nline 2\nline 3");
    }));
}

longTest(
  "opencode: a process that a command leaves at work is named",
  () =>
    withAgent("opencode", async (bench, ask) => {
      const { outcome } = await ran(bench, ask('mock:bash cmd="(sleep 477 > /dev/null 2>&1 &)"'));
      assert.equal(outcome.status, "completed", outcome.failure?.message);
      assert.deepEqual(outcome.left_running?.map(({ command }) => command), ["sleep 477"]);
    }),
);

longTest(
  "claude: when a command in its background has ended, it goes on of itself, and is heard out",
  () =>
    withAgent("claude", async (bench, ask) => {
      const request = ask("mock:bash background=1 cmd=\"sh -c 'sleep 3; touch over'\"", {
        wait_for_background_ms: 60_000,
      });
      const run = await ran(bench, request);
      assert.equal(run.outcome.status, "completed", run.outcome.failure?.message);
      await Deno.stat(`${bench.folder}/work/over`);
      assert.equal(run.outcome.left_running, undefined);
      assert.equal(run.all("own_turn").length, 1);
    }),
);
