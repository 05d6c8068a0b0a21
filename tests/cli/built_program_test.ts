/** The program as it is published: everything that it loads later is in it, and nothing else is needed. */
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { buildDashboard } from "../../scripts/dashboard.ts";
import { buildProgram } from "../../scripts/program_bundle.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { builtProgram } from "../fixtures/program.ts";
import { type ServerOptions, type TestServer, withServer } from "../fixtures/server.ts";
import { config, Running } from "./fixtures/cli.ts";

const PROGRAM = builtProgram(START_PERMISSIONS);

/** Deno finds no package in its cache, and no registry. */
async function withEmptyCache(test: (env: Record<string, string>) => Promise<void>): Promise<void> {
  const DENO_DIR = await Deno.makeTempDir({ prefix: "oa-deno-dir-" });
  try {
    await test({ DENO_DIR, NPM_CONFIG_REGISTRY: "http://127.0.0.1:9" });
  } finally {
    await Deno.remove(DENO_DIR, { recursive: true });
  }
}

/** Runs `test` with a server of the built program, and a way to run other commands of it. */
async function withBuilt(
  settings: ServerOptions["config"],
  test: (
    server: TestServer,
    run: (args: string[]) => Running["ended"],
    env: Record<string, string>,
  ) => Promise<void>,
): Promise<void> {
  await Promise.all([buildProgram(), buildDashboard()]);
  await withEmptyCache((env) =>
    withServer({ command: PROGRAM, config: settings }, async (server) => {
      const run = (args: string[]) =>
        new Running([...PROGRAM, ...args], { cwd: server.dir, env, stdin: "" }).ended;
      await test(server, run, env);
    }, env)
  );
}

/** How many tools a client of this transport finds. */
async function toolsOver(transport: StdioClientTransport | StreamableHTTPClientTransport): Promise<number> {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  try {
    return (await client.listTools()).tools.length;
  } finally {
    await client.close();
  }
}

const settings = {
  ...config,
  agents: {
    shell: config.agents.shell,
    demo: { protocol: "acp", command: [...PROGRAM, "demo-agent"], pass_env: ["DENO_DIR"] },
  },
};

Deno.test("built: what a start loads leaves out what Node has for `require`", async () => {
  const folder = await buildProgram();
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.endsWith(".js")) continue;
    assert.doesNotMatch(await Deno.readTextFile(`${folder}/${name}`), /from ?"node:module"/, name);
  }
});

// The client of MCP leaves timers behind when it closes a program's stdin, which the sanitizers would count.
Deno.test("built: a server runs agents and answers at every door", { sanitizeOps: false }, async (t) => {
  await withBuilt(settings, async (server, run, env) => {
    await t.step("a command and an agent over ACP do their tasks", async () => {
      for (const [agent, prompt] of [["shell", "echo done"], ["demo", "demo:steps=1"]]) {
        const { code, stderr } = await run([
          "run",
          prompt!,
          "--agent",
          agent!,
          "--follow",
          "--url",
          server.url,
        ]);
        assert.equal(code, 0, stderr);
      }
    });

    await t.step("the page, its scripts, the metrics and the documents are there", async () => {
      const page = await (await fetch(server.url)).text();
      const script = /src="(assets\/main\.js)"/.exec(page)![1]!;
      for (
        const [path, expected] of [[script, /./], ["metrics", /_tasks\{/], ["docs", /start_task/]] as const
      ) {
        const response = await fetch(`${server.url}/${path}`);
        assert.equal(response.status, 200, path);
        assert.match(await response.text(), expected, path);
      }
    });

    await t.step("MCP answers over HTTP and stdio", async () => {
      const [command, ...args] = [...PROGRAM, "mcp", "--url", server.url];
      const stdio = new StdioClientTransport({
        command: command!,
        args,
        env: { ...Deno.env.toObject(), ...env },
      });
      assert.ok(await toolsOver(stdio) > 3);
      assert.ok(await toolsOver(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`))) > 3);
    });

    await t.step("the other commands run", async () => {
      const each: [string[], RegExp][] = [
        [["--help"], /^Usage: opencode-agents/],
        [["doctor", "--port", "0", "--data", `${server.dir}/other`], /serve would start/],
        [["completions", "bash"], /bash completion/],
        [["tasks", "--url", server.url], /completed/],
      ];
      for (const [args, expected] of each) {
        const { stdout, stderr } = await run(args);
        assert.match(stdout + stderr, expected, args.join(" "));
        assert.doesNotMatch(stdout + stderr, /Module not found|\.js:\d+/, args.join(" "));
      }
    });

    await t.step("SIGTERM ends it", async () => {
      assert.equal(await server.stop("SIGTERM"), 0);
      assert.doesNotMatch(server.stderr, /ERROR/);
    });

    await t.step("its store is checked and exported", async () => {
      const file = `${server.dir}/all.ndjson`;
      const { code, stderr } = await run(["export", file, "--data", server.data]);
      assert.equal(code, 0, stderr);
      assert.match(await Deno.readTextFile(file), /demo:steps=1/);
    });
  });
});

Deno.test("built: the transport for exposed servers, rules about addresses, and time zones", () =>
  withBuilt({
    ...settings,
    server: { transport: "hardened" },
    security: { ip_whitelist: ["127.0.0.0/8"] },
  }, async (server) => {
    const socket = await server.connect();
    const reply = await socket.request({
      type: "schedule_task",
      task: {
        id: "later",
        type: "research",
        priority: "low",
        description: "true",
        scheduled_time: new Date(Date.now() + 3_600_000).toISOString(),
        recurring: { interval: "daily", timezone: "Europe/Paris" },
      },
    });
    assert.notEqual(reply.type, "error", JSON.stringify(reply));
  }));
