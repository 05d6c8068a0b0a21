/** Sessions of agents, MCP servers and delegation from the shell. */
import assert from "node:assert/strict";
import { frank } from "../agents/fixtures/acp_run.ts";
import { config, withCli } from "./fixtures/cli.ts";

const KEEPS = { loadSession: true, sessionCapabilities: { list: {} }, mcpCapabilities: { http: true } };
const agents = {
  ...config.agents,
  frank: { protocol: "acp", command: frank(KEEPS), pass_env: ["DENO_DIR"], profile: "claude" },
  bare: { protocol: "acp", command: frank({}), pass_env: ["DENO_DIR"] },
};

Deno.test("cli: sessions lists what an agent keeps in allowed folders; run goes on with one, with MCP servers", () =>
  withCli(async ({ run, json, taskIs, server }) => {
    // The agent lists the folder in which it is asked, which is no task's.
    const list = await run(["sessions", "frank"]);
    assert.equal(list.code, 0, list.stderr);
    assert.match(list.stderr, /starting frank/);
    assert.match(list.stderr, /it keeps none in folders that tasks may use/);
    assert.deepEqual((await json("sessions", "frank")).sessions, []);
    const none = await run(["sessions", "bare"]);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /Agent 'bare' has no list of its sessions/);

    const flags = ["--agent", "frank", "--cwd", server.dir, "--session", "s1", "--delegate"];
    const mcp = [
      "--mcp",
      "site=http://127.0.0.1:1/mcp",
      "--mcp",
      '{"name":"own","command":"x","args":["y"]}',
    ];
    const started = await run(["run", "go", "--id", "one", ...flags, ...mcp]);
    assert.equal(started.code, 0, started.stderr);
    await taskIs("one", /completed/);
    const { task, result } = await json("task", "one");
    const { opened } = JSON.parse(result.output);
    assert.equal(opened.sessionId, "s1");
    assert.deepEqual(opened.mcpServers.map(({ name }: { name: string }) => name), [
      "site",
      "own",
      "opencode-agents",
    ]);
    assert.deepEqual(task.agent_session, {
      agent: "frank",
      session_id: "s1",
      working_dir: server.dir,
      command: "claude --resume s1",
    });
    const shown = await run(["task", "one"]);
    assert.match(shown.stdout, /MCP servers\s+site, own\n\s+delegates\s+yes\n\s+session\s+s1\n/);
    assert.ok(shown.stdout.includes(`claude --resume s1  (in ${server.dir})`), shown.stdout);

    for (const wrong of ["site", "{", "site=ftp://x"]) {
      const refused = await run(["run", "go", "--mcp", wrong]);
      assert.match(refused.stderr, /NAME=URL is expected|not valid JSON/);
      assert.notEqual(refused.code, 0);
    }
  }, { ...config, agents }));
