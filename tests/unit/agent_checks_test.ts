/** What `doctor` finds of agents without starting them: the account, by its traces, and the Node that runs them. */
import assert from "node:assert/strict";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { findLogin } from "../../src/boot/checks/agent_login.ts";
import { findNode } from "../../src/boot/checks/agent_node.ts";
import { systemClock } from "../../src/clock/clock.ts";

const makeOf = (profile: string) => BUILT_IN_MAKES.of({ command: ["x"], profile });

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("agent checks: a login is a key that the agent gets, or a file that its login leaves", () =>
  withFolder(async (HOME) => {
    const usual = (profile: string) => [...makeOf(profile).standard!.pass_env];
    const found = (profile: string, server: Record<string, string>, env = {}, pass_env = usual(profile)) =>
      findLogin(makeOf(profile), { env, pass_env }, { HOME, ...server });
    const none = await found("codex", { ANTHROPIC_API_KEY: "x" });
    assert.equal(none.where, undefined);
    assert.match(none.advice!, /`codex-acp cli login`.*CODEX_API_KEY/);
    assert.equal((await found("codex", { CODEX_API_KEY: "secret" })).where, "CODEX_API_KEY");
    assert.equal((await found("codex", { CODEX_API_KEY: "" })).where, undefined);
    assert.equal(
      (await found("codex", { CODEX_API_KEY: "secret" }, {}, [])).where,
      undefined,
      "it does not get it",
    );
    assert.equal((await found("gemini", {}, { GEMINI_API_KEY: "secret" })).where, "GEMINI_API_KEY");
    await Deno.mkdir(`${HOME}/.codex`);
    await Deno.writeTextFile(`${HOME}/.codex/auth.json`, "{}");
    assert.deepEqual(await found("codex", {}), { where: `${HOME}/.codex/auth.json`, advice: undefined });
    assert.equal((await found("codex", { CODEX_HOME: `${HOME}/elsewhere` })).where, undefined);
    // OpenCode works without any, and of other agents nothing is known.
    assert.deepEqual(await found("opencode", {}), { where: undefined, advice: undefined });
    assert.deepEqual(await findLogin(makeOf("generic"), { env: {}, pass_env: [] }, { HOME }), {
      where: undefined,
      advice: undefined,
    });
  }));

Deno.test("agent checks: a Node that is too old for an agent is named, with what to do", () =>
  withFolder(async (folder) => {
    const withNode = async (profile: string, version: string) => {
      await Deno.writeTextFile(`${folder}/node`, `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
      return await findNode(systemClock, makeOf(profile), folder);
    };
    const old = await withNode("claude", "v20.20.2");
    assert.equal(old?.version, "20.20.2");
    assert.match(old!.advice!, /needs Node 22.*npm install -g @agentclientprotocol\/claude-agent-acp/);
    assert.deepEqual(await withNode("claude", "v22.0.0"), { version: "22.0.0", advice: undefined });
    assert.equal(await withNode("codex", "v18.0.0"), undefined);
    assert.equal(await findNode(systemClock, makeOf("claude"), `${folder}/empty`), undefined);
  }));
