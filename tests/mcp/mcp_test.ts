/** The tools as a real MCP client uses them, over both transports, on a real server with real agents. */
import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { DENO_ENV } from "../../src/agents/supervision/reaper_process.ts";
import { frank } from "../agents/fixtures/acp_run.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { refusal, SDK_TIMERS, type TransportName, TRANSPORTS, use, withMcp } from "./fixtures/mcp_client.ts";

type Fields = Record<string, unknown>;

/** Throws for a schema that a strict validator does not take. */
const strictValidator = (schema: object) => new Ajv({ strict: true }).compile(schema);

const config = {
  limits: { enabled: false },
  agents: { shell: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "shell", max_concurrent: 4 },
};

const asOwner = ({ data }: TestServer): Record<string, string> => ({
  authorization: `Bearer ${JSON.parse(Deno.readTextFileSync(`${data}/server.json`)).token}`,
});

for (const name of Object.keys(TRANSPORTS) as TransportName[]) {
  Deno.test(
    `mcp over ${name}: delegates, waits, reads, lists, cancels and retries`,
    SDK_TIMERS,
    () =>
      withServer({ config }, (server) =>
        withMcp(name, server, async (client) => {
          assert.deepEqual(client.getServerCapabilities(), { tools: { listChanged: false } });
          const { tools } = await client.listTools();
          for (const { inputSchema, outputSchema } of tools) {
            for (const schema of [inputSchema, outputSchema!]) strictValidator(schema);
          }
          assert.deepEqual(tools.map((tool: Fields) => tool.name), [
            "start_task",
            "wait_for_task",
            "get_task",
            "get_task_result",
            "send_message",
            "get_conversation",
            "get_task_changes",
            "accept_changes",
            "discard_changes",
            "update_workspace",
            "list_tasks",
            "cancel_task",
            "retry_task",
            "read_logs",
            "list_agents",
            "list_projects",
            "get_usage",
            "list_templates",
            "start_from_template",
            "schedule_task",
            "list_schedules",
            "control_schedule",
            "get_report",
          ]);
          assert.ok(
            tools.every((tool: Fields) => tool.outputSchema && (tool.description as string).length > 20),
          );

          const done = await use(client, "start_task", { prompt: "echo hello", task_id: "one", wait: true });
          assert.deepEqual([done.status, done.finished, done.progress], ["completed", true, 100]);
          assert.equal((done.output as string).trim(), "hello");
          assert.equal(((await use(client, "get_task", { task_id: "one" })).task as Fields).id, "one");
          const result = await use(client, "get_task_result", { task_id: "one" });
          assert.deepEqual([result.exit_code, (result.attempts as Fields[]).length], [0, 1]);

          const chosen = { model: "m1", effort: "high", mode: "plan" };
          const started = await use(client, "start_task", {
            prompt: "echo begun; exec sleep 600",
            ...chosen,
          });
          const task_id = started.task_id as string;
          const { execution } = (await use(client, "get_task", { task_id })).task as { execution: Fields };
          assert.deepEqual(
            { model: execution.model, effort: execution.effort, mode: execution.mode },
            chosen,
          );
          assert.match(task_id, /^mcp_[a-z0-9_]+$/);
          await until(async () =>
            (await use(client, "read_logs", { task_id, contains: "begun" })).total === 1
          );
          const waited = await use(client, "wait_for_task", { task_id, timeout_seconds: 1 });
          assert.deepEqual([waited.status, waited.finished], ["running", false]);
          const { agents, available } = await use(client, "list_agents");
          assert.ok((available as Fields[]).some((agent) => agent.is_default && agent.ready));
          assert.deepEqual((agents as Fields[]).map((agent) => agent.task_id), [task_id]);
          const running = await use(client, "list_tasks", { status: ["running"] });
          assert.deepEqual((running.tasks as Fields[]).map((task) => task.task_id), [task_id]);
          assert.equal((await use(client, "list_tasks")).total, 2);

          const waiting = use(client, "wait_for_task", { task_id, timeout_seconds: 60 });
          await use(client, "cancel_task", { task_id });
          assert.equal((await waiting).status, "cancelled");
          assert.equal((await use(client, "retry_task", { task_id })).retry_count, 1);
          await use(client, "cancel_task", { task_id });
        })),
  );

  Deno.test(
    `mcp over ${name}: plans work, runs it at once, pauses and removes it; reads the report`,
    SDK_TIMERS,
    () =>
      withServer({ config }, (server) =>
        withMcp(name, server, async (client) => {
          const scheduled_time = new Date(Date.now() + 86_400_000).toISOString();
          const recurring = { interval: "cron", cron: "0 3 * * *", timezone: "Europe/Vienna" };
          const planned = { task_id: "nightly", prompt: "echo slept", scheduled_time, recurring };
          const { schedule_id, next_run } = await use(client, "schedule_task", planned);
          assert.equal(schedule_id, "nightly");
          assert.ok(String(next_run) >= scheduled_time);
          const control = (action: string) => use(client, "control_schedule", { schedule_id, action });
          const { run_id } = await control("run_now");
          const ended = await use(client, "wait_for_task", { task_id: run_id });
          assert.match(String(ended.output), /slept/);
          await control("pause");
          const { schedules } = await use(client, "list_schedules", {});
          const [only] = schedules as Fields[];
          assert.deepEqual([only!.schedule_id, only!.runs, only!.recurring], ["nightly", 1, recurring]);
          assert.ok(only!.paused);
          await control("remove");
          assert.deepEqual((await use(client, "list_schedules", {})).schedules, []);
          const { report } = await use(client, "get_report", { timezone: "Asia/Tokyo" });
          assert.match(String(report), /Times are in Asia\/Tokyo.*### Done \(1\)\n\n- `nightly_run_1`/s);
          const wrong = await refusal(client, "schedule_task", {
            ...planned,
            recurring: { ...recurring, cron: "61 * * * *" },
          });
          assert.match(String(wrong.text), /cron/);
        })),
  );

  Deno.test(
    `mcp over ${name}: an error carries its code and details, a wrong argument its name`,
    SDK_TIMERS,
    () =>
      withServer({ config }, (server) =>
        withMcp(name, server, async (client) => {
          const unknown = await refusal(client, "wait_for_task", { task_id: "nobody" });
          assert.equal(unknown.code, "TASK_NOT_FOUND");
          const folder = await refusal(client, "start_task", { prompt: "true", working_dir: "/" });
          assert.equal(folder.code, "INVALID_FIELD_VALUE");
          assert.equal((folder.details as Fields).field, "task.execution.working_dir");
          const wrong = await refusal(client, "start_task", { prompt: "true", type: "juggling" });
          assert.match(String(wrong.text), /type/);
        })),
  );

  Deno.test(
    `mcp over ${name}: tells how far the task is while it waits, and the call can be taken back`,
    SDK_TIMERS,
    () =>
      withServer({ config }, (server) =>
        withMcp(name, server, async (client) => {
          await use(client, "start_task", {
            task_id: "steps",
            prompt:
              `for i in 1 2; do echo '{"progress":{"completed_steps":'$i',"total_steps":3,"current_step":"step"}}'; sleep 0.2; done; exec sleep 600`,
          });
          const heard: string[] = [];
          const abort = new AbortController();
          const call = client.callTool(
            { name: "wait_for_task", arguments: { task_id: "steps", timeout_seconds: 600 } },
            undefined,
            {
              signal: abort.signal,
              onprogress: ({ message }: { message?: string }) => heard.push(message ?? ""),
            },
          );
          const ended = assert.rejects(call);
          await until(() => heard.length > 0, 30_000);
          assert.match(heard[0]!, /^running, \d+ %/);
          abort.abort();
          await ended;
          assert.equal((await use(client, "cancel_task", { task_id: "steps" })).status, "cancelled");
        })),
  );

  Deno.test(
    `mcp over ${name}: a task's task names its parent, and three levels are the most`,
    SDK_TIMERS,
    () =>
      withServer({ config }, async (server) => {
        let caller: string | undefined;
        for (const [depth, id] of ["root", "child", "grandchild", "great"].entries()) {
          await withMcp(name, server, async (client) => {
            await use(client, "start_task", { prompt: "true", task_id: id });
            const { metadata } = (await use(client, "get_task", { task_id: id })).task as {
              metadata?: Fields;
            };
            assert.deepEqual(
              metadata,
              depth === 0 ? undefined : { parent_task: caller, delegation_depth: depth },
            );
          }, caller === undefined ? {} : { TASK_ID: caller });
          caller = id;
        }
        await withMcp(name, server, async (client) => {
          const refused = await refusal(client, "start_task", { prompt: "true" });
          assert.equal((refused.details as Fields).field, "metadata.delegation_depth");
        }, { TASK_ID: "great" });
        // Another program's TASK_ID is no task here.
        await withMcp(name, server, async (client) => {
          await use(client, "start_task", { prompt: "true", task_id: "foreign" });
        }, { TASK_ID: "no such/task" });
      }),
  );

  Deno.test(
    `mcp over ${name}: an agent that shows its task's token is known, also where keys are required`,
    SDK_TIMERS,
    () =>
      withServer({ config: { ...config, security: { auth: "required" } } }, async (server) => {
        const ask = async (message: Fields) => (await server.post(message, asOwner(server))).reply as Fields;
        const prompt =
          `env > ${server.dir}/env.tmp; mv ${server.dir}/env.tmp ${server.dir}/env; exec sleep 600`;
        await ask({
          type: "start_task",
          task: {
            id: "outer",
            type: "testing",
            priority: "low",
            description: prompt,
            execution: { working_dir: server.dir, permissions: "ask" },
          },
        });
        const text = () => Deno.readTextFile(`${server.dir}/env`).catch(() => "");
        await until(async () => await text() !== "");
        const env = Object.fromEntries(
          (await text()).split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)),
        );
        assert.equal(env.OPENCODE_AGENTS_TASK_URL, server.url);
        const { OPENCODE_AGENTS_TASK_URL, OPENCODE_AGENTS_TASK_TOKEN, TASK_ID } = env;
        await withMcp(name, server, async (client) => {
          await use(client, "start_task", { prompt: "true", task_id: "inner", wait: true });
          assert.equal(
            (await refusal(client, "cancel_task", { task_id: "outer" })).code,
            "PERMISSION_DENIED",
          );
        }, { OPENCODE_AGENTS_TASK_URL, OPENCODE_AGENTS_TASK_TOKEN, TASK_ID });
        const { task } = await ask({ type: "get_task_status", task_id: "inner" }) as { task: Fields };
        assert.deepEqual(task.metadata, { parent_task: "outer", delegation_depth: 1 });
        assert.deepEqual(task.execution, { working_dir: server.dir, permissions: "ask" });
      }),
  );
}

Deno.test(
  "mcp over http: the guard and the limits apply, and what is not MCP is told so",
  SDK_TIMERS,
  () =>
    withServer({ config: { ...config, limits: { messages_per_minute: 30 } } }, async (server) => {
      const post = (body: string, headers: Record<string, string> = {}) =>
        fetch(`${server.url}/mcp`, {
          method: "POST",
          body,
          headers: {
            "content-type": "application/json",
            accept: "application/json, text/event-stream",
            ...headers,
          },
        });
      const foreign = await post("{}", { origin: "https://evil.example" });
      assert.deepEqual([foreign.status, (await foreign.json()).code], [403, "PERMISSION_DENIED"]);
      const broken = await post("{");
      assert.deepEqual([broken.status, (await broken.json()).error.code], [400, -32700]);
      const batch = await post('[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]');
      assert.deepEqual([batch.status, (await batch.json()).error.code], [400, -32600]);
      const listening = await fetch(`${server.url}/mcp`, { headers: { accept: "text/event-stream" } });
      assert.deepEqual([listening.status, listening.headers.get("allow")], [405, "POST"]);
      await listening.body?.cancel();
      const large = await post(JSON.stringify({ filler: "x".repeat(1_100_000) }));
      assert.deepEqual([large.status, (await large.json()).error.data.code], [400, "INVALID_FIELD_VALUE"]);
      const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
      let refused: Response | undefined;
      for (let i = 0; i < 40 && refused === undefined; i++) {
        const response = await post(list);
        if (response.status === 200) await response.text();
        else refused = response;
      }
      assert.equal(refused?.status, 429);
      assert.equal((await refused!.json()).error.data.code, "RATE_LIMIT_EXCEEDED");
    }),
);

Deno.test(
  "mcp over http: a hundred may wait at once, and those that go make room",
  SDK_TIMERS,
  () =>
    withServer({ config }, async (server) => {
      const post = (name: string, input: Fields, signal?: AbortSignal) =>
        fetch(`${server.url}/mcp`, {
          method: "POST",
          body: JSON.stringify({
            jsonrpc: "2.0",
            id: 1,
            method: "tools/call",
            params: { name, arguments: input },
          }),
          headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
          signal,
        });
      await (await post("start_task", { prompt: "exec sleep 600", task_id: "long" })).text();
      const abort = new AbortController();
      // Their headers come at once, their answers when the task is over.
      const waits = await Promise.all(
        Array.from(
          { length: 100 },
          () => post("wait_for_task", { task_id: "long", timeout_seconds: 600 }, abort.signal),
        ),
      );
      assert.ok(waits.every(({ status }) => status === 200));
      const refused = await post("list_tasks", {});
      assert.deepEqual([refused.status, (await refused.json()).error.code], [503, -32000]);
      abort.abort();
      await Promise.allSettled(waits.map((wait) => wait.text()));
      await until(async () => {
        const response = await post("list_tasks", {});
        await response.text();
        return response.status === 200;
      });
    }),
);

Deno.test(
  "mcp over stdio: without a server the tools say so; one that comes later is found",
  SDK_TIMERS,
  () =>
    withServer({ config }, async (server) => {
      const [command, ...args] = server.commandOf("mcp", "--data", server.data);
      await server.stop();
      const client = new Client({ name: "test", version: "1" });
      await client.connect(new StdioClientTransport({ command: command!, args, env: Deno.env.toObject() }));
      try {
        assert.equal((await refusal(client, "list_tasks", {})).code, "CONNECTION_LOST");
        await server.start();
        assert.equal((await use(client, "list_tasks")).total, 0);
      } finally {
        await client.close();
      }
    }),
);

Deno.test(
  "mcp over stdio: an agent that takes no http gets the server's own tools as a program, which finds the server",
  SDK_TIMERS,
  () => {
    const command = [...frank({}), "encoded"];
    const agent = { protocol: "acp", command, pass_env: DENO_ENV, delegate: true };
    return withServer(
      { config: { ...config, agents: { ...config.agents, frank: agent } } },
      async (server) => {
        const task = {
          id: "outer",
          type: "testing",
          priority: "low",
          description: "go",
          execution: { agent: "frank" },
        };
        await server.post({ type: "start_task", task });
        const result = async () =>
          (await server.post({ type: "get_task_result", task_id: "outer" })).reply as Fields;
        await until(async () => (await result()).status === "completed", 60_000);
        const { output } = (await result()).result as { output: string };
        const [{ command, args, env }] = JSON.parse(atob(output)).opened.mcpServers;
        const variables = Object.fromEntries(env.map((one: Fields) => [one.name, one.value]));
        const client = new Client({ name: "test", version: "1" });
        // A bare environment, as some agents have it.
        await client.connect(
          new StdioClientTransport({ command, args, env: { PATH: "/usr/bin:/bin", ...variables } }),
        );
        try {
          // It shows the token, which has ended with the agent.
          const refused = await refusal(client, "list_tasks", {});
          assert.deepEqual([refused.code, /has ended/.test(String(refused.message))], [
            "INVALID_AUTH_TOKEN",
            true,
          ]);
        } finally {
          await client.close();
        }
      },
    );
  },
);
