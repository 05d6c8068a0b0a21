/** A probe of an agent: it starts the program, asks what it offers, and leaves nothing behind. */
import assert from "node:assert/strict";
import type { AgentConfig } from "../../src/domain/agent_config.ts";
import { offerAfter, type OfferNews } from "../../src/domain/agent_offer.ts";
import { choosy, misbehaving } from "./fixtures/acp_run.ts";
import { agentOf, withRunner } from "./fixtures/probe.ts";

/** What a probe tells, laid together, and why it failed. */
async function probed(agent: AgentConfig, signal?: AbortSignal, after = () => {}) {
  const news: OfferNews[] = [];
  const problem = await withRunner(async (runner, folder) => {
    const over = runner.probe!(
      "a",
      agent,
      (some) => void news.push(some),
      signal ?? new AbortController().signal,
    );
    after();
    const problem = await over;
    // The folder of the probe and its TMPDIR.
    assert.deepEqual([...Deno.readDirSync(`${folder}/tmp`)], []);
    return problem;
  });
  const offer = news.reduce<ReturnType<typeof offerAfter> | undefined>(
    (known, some) => offerAfter(known, some, "now"),
    undefined,
  );
  return { offer, problem };
}

Deno.test("probe: version, models with efforts, modes, commands, and what the agent accepts", async () => {
  const { offer, problem } = await probed(agentOf(choosy()));
  assert.equal(problem, undefined);
  assert.deepEqual(offer, {
    found_at: "now",
    version: "1.2.3",
    // It could ask for a login with the first prompt.
    login: "unknown",
    accepts: ["image", "resource"],
    mcp: ["stdio", "http"],
    sessions: ["list", "close"],
    model: "acme/small",
    models: [
      { id: "acme/small", name: "The acme/small", efforts: ["low"] },
      { id: "acme/Large", name: "The acme/Large", efforts: ["low", "high"] },
      { id: "other/large", name: "The other/large" },
    ],
    modes: ["ask", "acceptEdits", "yolo"].map((id) => ({ id, name: `The ${id}` })),
    commands: [{ name: "review", description: "Reviews", hint: "what" }],
  });
});

Deno.test("probe: an account, and that there is none", async () => {
  assert.equal((await probed(agentOf(choosy("account")))).offer?.login, "ok");
  assert.equal((await probed(agentOf(choosy("account", "nobody")))).offer?.login, "needed");
  const refused = await probed({ ...agentOf(choosy("login")), profile: "codex" });
  assert.equal(refused.offer?.login, "needed");
  assert.match(
    refused.problem!,
    /^The agent wants a login: Authentication required\. Log in with `codex-acp cli login`/,
  );
});

Deno.test("probe: an agent that ends, or speaks no ACP, says so in its own words", async () => {
  const { problem } = await probed(agentOf(misbehaving("exits")));
  assert.match(problem!, /exited with code 3 before it answered initialize: no account is set up/);
});

Deno.test("probe: one that opens no session is ended when the time is up", async () => {
  const bound = new AbortController();
  const { problem } = await probed(agentOf(choosy("hangs")), bound.signal, () => bound.abort());
  assert.equal(problem, "The agent opened no session in time");
});
