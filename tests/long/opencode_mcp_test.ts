/** The real OpenCode with our MCP server in its configuration delegates a task, which another OpenCode does. */
import assert from "node:assert/strict";
import { installed } from "../fixtures/agents.ts";
import { startModelServer } from "../fixtures/model_server.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { longTest } from "../fixtures/tier.ts";

type Fields = Record<string, unknown>;

/** Two OpenCodes and our program start one after the other. */
const PATIENCE_MS = 150_000;

/** The entry in OpenCode's configuration, as docs/mcp.md has it. */
const ENTRIES: Record<string, (server: TestServer) => Fields> = {
  stdio: (server) => ({
    type: "local",
    command: server.commandOf("mcp", "--url", server.url),
    // Deno's cache is in the real home.
    environment: Object.fromEntries(
      ["HOME", "DENO_DIR"].flatMap((name) => {
        const value = Deno.env.get(name);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    timeout: 60_000,
  }),
  http: (server) => ({
    type: "remote",
    url: `${server.url}/mcp`,
    headers: { "x-parent-task": "{env:TASK_ID}" },
    oauth: false,
    timeout: 60_000,
  }),
};

for (const [transport, entry] of Object.entries(ENTRIES)) {
  longTest(
    `opencode delegates over ${transport}: another OpenCode does the work, the first reads what came of it`,
    async () => {
      const model = await startModelServer();
      const home = await Deno.makeTempDir({ prefix: "oa-home-" });
      try {
        const opencode = await installed("opencode", { model_url: model.url, home });
        const config = {
          limits: { enabled: false },
          agents: { opencode },
          tasks: { default_agent: "opencode", max_concurrent: 2, permissions: "allow" },
        };
        await withServer({ config }, async (server) => {
          const settings = JSON.parse(opencode.env.OPENCODE_CONFIG_CONTENT!);
          const withMcp = JSON.stringify({ ...settings, mcp: { tasks: entry(server) } });
          const { reply } = await server.post({
            type: "start_task",
            task: {
              id: "outer",
              type: "feature",
              priority: "high",
              description: 'mock:delegate id=inner prompt="mock:write path=delegated.txt text=hello"',
              execution: { env: { OPENCODE_CONFIG_CONTENT: withMcp } },
            },
          });
          assert.equal(reply.type, "task_started", JSON.stringify(reply));
          const task = async (task_id: string) =>
            (await server.post({ type: "get_task_status", task_id })).reply.task as Fields | undefined;
          await until(async () => {
            const status = (await task("outer"))!.status as string;
            return ["completed", "failed", "cancelled"].includes(status);
          }, PATIENCE_MS);
          const outer = await task("outer");
          assert.equal(outer!.status, "completed", JSON.stringify(outer));

          const inner = await task("inner");
          assert.equal(
            inner?.status,
            "completed",
            JSON.stringify([inner, model.requests.map((r) => r.tools)]),
          );
          assert.deepEqual(inner!.metadata, { parent_task: "outer", delegation_depth: 1 });
          assert.equal((await Deno.readTextFile(`${server.dir}/delegated.txt`)).trim(), "hello");
          const { reply: answer } = await server.post({ type: "get_task_result", task_id: "outer" });
          const { output } = answer.result as { output: string };
          assert.match(output, /^Delegated: .*"status":"completed".*"output":"File written\."/s);
        });
      } finally {
        await model.close();
        await Deno.remove(home, { recursive: true });
      }
    },
  );
}
