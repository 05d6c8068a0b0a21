/** The real agents with MCP servers that a task names: over stdio and http, and one that does not start. */
import assert from "node:assert/strict";
import type { McpServer } from "../../src/domain/mcp_server.ts";
import { DENO_ENV } from "../../src/agents/supervision/reaper_process.ts";
import { ran } from "../agents/fixtures/acp_run.ts";
import { serveMotto } from "../fixtures/motto_mcp.ts";
import { longTest } from "../fixtures/tier.ts";
import { withAgent } from "./fixtures/real_agent.ts";

const SERVER = new URL("../fixtures/motto_mcp_server.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Agents start programs with a bare environment, in which Deno does not find its cache. */
const CACHE = Object.fromEntries(["HOME", ...DENO_ENV].flatMap((name) => {
  const value = Deno.env.get(name);
  return value === undefined ? [] : [[name, value]];
}));

const PROGRAM: McpServer = {
  name: "program",
  command: Deno.execPath(),
  args: ["run", "-A", "--no-check", "--config", CONFIG, SERVER, "Per aspera"],
  env: { ...CACHE, MOTTO_KEY: "k1" },
};
const BROKEN: McpServer = { name: "broken", command: "/no/such/program" };

/** What the log says of a server that does not start. */
const SAID = {
  opencode: /^The agent cannot use MCP server 'broken'$/,
  claude: /^The agent cannot use MCP server 'broken'$/,
  codex: /^mcp__broken__startup: failed: .*No such file/,
  gemini: /^The agent cannot use MCP server 'broken': spawn \/no\/such\/program ENOENT/,
};

for (const name of ["opencode", "claude", "codex", "gemini"] as const) {
  longTest(
    `${name}: its model uses MCP servers of the task; the log says which does not start`,
    () =>
      withAgent(name, async (bench, ask) => {
        const site = serveMotto();
        try {
          const address: McpServer = { name: "site", url: site.url, headers: { "x-motto-key": "k2" } };
          for (
            const [server, motto] of [[PROGRAM, /Per aspera with k1/], [
              address,
              /Ora et labora with k2/,
            ]] as const
          ) {
            const { outcome, logs } = await ran(
              bench,
              ask("mock:tool name=read_motto", { permissions: "allow", mcp_servers: [server, BROKEN] }),
            );
            assert.equal(outcome.status, "completed", outcome.failure?.message);
            assert.match(outcome.output, motto);
            assert.equal(
              logs("warn").filter((line) => SAID[name].test(line)).length,
              1,
              logs("warn").join("\n"),
            );
          }
        } finally {
          await site.close();
        }
      }),
  );
}
