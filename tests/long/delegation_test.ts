/**
 * The real agents delegate a task and wait for it: with `execution.delegate`, and with their own configuration as docs/mcp.md
 * has it. An OpenCode does the work, in the only slot's shadow.
 */
import assert from "node:assert/strict";
import type { AgentConfig } from "../../src/domain/agent_config.ts";
import { DENO_ENV } from "../../src/agents/supervision/reaper_process.ts";
import type { PermissionRequest } from "../../src/domain/permission_request.ts";
import { type AgentName, installed } from "../fixtures/agents.ts";
import { startModelServer } from "../fixtures/model_server.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { longTest } from "../fixtures/tier.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

/** Two agents and our program start one after the other. */
const PATIENCE_MS = 180_000;

/** How the agent gets the tools. What it returns is added to the task's execution. */
type Way = (agent: AgentConfig, server: TestServer, home: string) => Fields | Promise<Fields>;

/** Deno's cache is in the real home. */
const CACHE = Object.fromEntries(["HOME", ...DENO_ENV].flatMap((name) => {
  const value = Deno.env.get(name);
  return value === undefined ? [] : [[name, value]];
}));
const program = (server: TestServer) => {
  const [command = "", ...args] = server.commandOf("mcp");
  return { command, args };
};

/** An entry of OpenCode's own configuration. */
const inOpenCode = (entry: (server: TestServer) => Fields): Way => (agent, server) => {
  const settings = JSON.parse(agent.env.OPENCODE_CONFIG_CONTENT!);
  const config = JSON.stringify({ ...settings, mcp: { tasks: entry(server) } });
  return { env: { OPENCODE_CONFIG_CONTENT: config } };
};

/** A person is asked for what the other agent does, and for nothing else. */
const bySelf: Way = () => ({ delegate: true, permissions: "ask" });

const WAYS: [AgentName, string, Way][] = [
  ["opencode", "by itself", bySelf],
  ["claude", "by itself", bySelf],
  ["codex", "by itself", bySelf],
  ["gemini", "by itself", bySelf],
  [
    "opencode",
    "by its own entry over stdio",
    inOpenCode((server) => {
      const { command, args } = program(server);
      return { type: "local", command: [command, ...args], environment: CACHE, timeout: 60_000 };
    }),
  ],
  [
    "opencode",
    "by its own entry over http",
    inOpenCode((server) => ({
      type: "remote",
      url: `${server.url}/mcp`,
      headers: { Authorization: "Bearer {env:OPENCODE_AGENTS_TASK_TOKEN}" },
      oauth: false,
      timeout: 60_000,
    })),
  ],
  ["claude", "by its own entry over stdio", async (_agent, server, home) => {
    const tasks = { type: "stdio", ...program(server), env: CACHE };
    await Deno.writeTextFile(`${home}/.claude.json`, JSON.stringify({ mcpServers: { tasks } }));
    return {};
  }],
  ["codex", "by its own entry over stdio", async (_agent, server, home) => {
    const { command, args } = program(server);
    await Deno.mkdir(`${home}/.codex`, { recursive: true });
    await Deno.writeTextFile(
      `${home}/.codex/config.toml`,
      `[mcp_servers.tasks]
command = ${JSON.stringify(command)}
args = ${JSON.stringify(args)}
env_vars = ["OPENCODE_AGENTS_TASK_URL", "OPENCODE_AGENTS_TASK_TOKEN"]
tool_timeout_sec = 620
env = { ${Object.entries(CACHE).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(", ")} }
`,
    );
    return {};
  }],
  ["gemini", "by its own entry over stdio", async (_agent, server, home) => {
    const env = {
      ...CACHE,
      OPENCODE_AGENTS_TASK_URL: "$OPENCODE_AGENTS_TASK_URL",
      OPENCODE_AGENTS_TASK_TOKEN: "$OPENCODE_AGENTS_TASK_TOKEN",
    };
    const tasks = { ...program(server), env, timeout: 620_000 };
    await Deno.mkdir(`${home}/.gemini`, { recursive: true });
    await Deno.writeTextFile(`${home}/.gemini/settings.json`, JSON.stringify({ mcpServers: { tasks } }));
    return {};
  }],
];

for (const [name, way, prepare] of WAYS) {
  longTest(
    `${name} delegates ${way}: another agent does the work, the first reads what came of it`,
    async () => {
      const model = await startModelServer();
      const homes = [
        await Deno.makeTempDir({ prefix: "oa-home-" }),
        await Deno.makeTempDir({ prefix: "oa-home-" }),
      ];
      try {
        const outer = await installed(name, { model_url: model.url, home: homes[0]! });
        const worker = await installed("opencode", { model_url: model.url, home: homes[1]! });
        const config = {
          limits: { enabled: false },
          agents: { outer, worker },
          tasks: { default_agent: "worker", max_concurrent: 1, permissions: "allow" },
        };
        await withServer({ config }, async (server) => {
          const execution = { agent: "outer", ...await prepare(outer, server, homes[0]!) };
          const prompt = 'mock:delegate id=inner prompt="mock:write path=delegated.txt text=hello"';
          const task = { id: "outer", type: "feature", priority: "high", description: prompt, execution };
          const { reply } = await server.post({ type: "start_task", task });
          assert.equal(reply.type, "task_started", JSON.stringify(reply));
          const shown = async (task_id: string) =>
            (await server.post({ type: "get_task_status", task_id })).reply.task as Fields | undefined;
          const allow = (permission_id: string) =>
            server.post({
              type: "respond_to_permission",
              task_id: "inner",
              permission_id,
              decision: "allow",
            });
          await until(async () => {
            const { status, pending_permissions } = (await shown("outer"))!;
            assert.equal(pending_permissions, undefined);
            const asked = (await shown("inner"))?.pending_permissions as PermissionRequest[] | undefined;
            for (const { permission_id } of asked ?? []) await allow(permission_id);
            return ["completed", "failed", "cancelled"].includes(status as string);
          }, PATIENCE_MS);
          const parent = await shown("outer");
          assert.equal(parent!.status, "completed", JSON.stringify(parent));
          const inner = await shown("inner");
          const told = () =>
            JSON.stringify([inner, model.requests.map(({ prompt, tools }) => [prompt, tools])]);
          assert.equal(inner?.status, "completed", told());
          assert.deepEqual(inner!.metadata, { parent_task: "outer", delegation_depth: 1 });
          assert.deepEqual(inner!.created_by, {
            kind: "agent",
            id: "outer",
            name: "outer",
            tenant: "default",
          });
          assert.equal((await Deno.readTextFile(`${server.dir}/delegated.txt`)).trim(), "hello");
          const { reply: answer } = await server.post({ type: "get_task_result", task_id: "outer" });
          const { output } = answer.result as { output: string };
          // Gemini passes on the answer as text within JSON.
          assert.match(
            output.replaceAll("\\", ""),
            /^Delegated: [^]*"status":\s*"completed"[^]*"output":\s*"File written\."/,
          );
        });
      } finally {
        await model.close();
        for (const home of homes) await Deno.remove(home, { recursive: true });
      }
    },
  );
}
