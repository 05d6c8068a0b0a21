/** MCP servers that tasks name: who may name commands, and what is shown of them. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";

// deno-lint-ignore no-explicit-any -- the test looks into messages of every type
type Message = Record<string, any>;

const PROGRAM = { name: "notes", command: "notes-mcp", env: { NOTES_KEY: "secret" } };
const SITE = { name: "site", url: "http://127.0.0.1:1/mcp", headers: { authorization: "Bearer secret" } };
const SHOWN = [
  { ...PROGRAM, env: { NOTES_KEY: "***" } },
  { ...SITE, headers: { authorization: "***" } },
];
const OF_AGENT = { name: "house", url: "http://127.0.0.1:2/mcp" };
const config = (more: Message = {}): Message => ({
  agents: { scripted: { ...SCRIPTED, mcp_servers: [OF_AGENT, { ...SITE, headers: {} }] } },
  ...more,
  tasks: { default_agent: "scripted", ...more.tasks },
});
const task = (id: string, mcp_servers: unknown[], more: Message = {}) => ({
  id,
  type: "testing",
  priority: "low",
  description: "print hello",
  execution: { mcp_servers },
  ...more,
});
const SOON = () => new Date(Date.now() + 3_600_000).toISOString();

Deno.test("mcp servers: the agent gets those of its configuration and the task's, which are shown without values", () =>
  withApp({ config: config() }, async (app) => {
    const socket = await app.connect();
    await socket.request({ type: "start_task", task: task("one", [PROGRAM, SITE]) });
    const scheduled = task("two", [PROGRAM, SITE], {
      scheduled_time: SOON(),
      recurring: { interval: "daily" },
    });
    await socket.request({ type: "schedule_task", task: scheduled });
    const shown: Message = await socket.request({ type: "get_task_status", task_id: "one" });
    assert.deepEqual(shown.task.execution.mcp_servers, SHOWN);
    const { tasks }: Message = await socket.request({ type: "list_tasks" });
    assert.deepEqual(tasks[0].execution.mcp_servers, SHOWN);
    const { schedules }: Message = await socket.request({ type: "list_schedules" });
    assert.deepEqual(schedules[0].task.execution.mcp_servers, SHOWN);
    const status: Message = await socket.request({ type: "request_status" });
    assert.ok(!JSON.stringify([shown, tasks, schedules, status]).includes("secret"));
    assert.deepEqual(app.agents.runs[0]!.request.mcp_servers, [OF_AGENT, SITE, PROGRAM]);
  }));

Deno.test("mcp servers: an invalid one is refused with its field", () =>
  withApp({ config: config() }, async (app) => {
    const socket = await app.connect();
    const refusals: [Message, string, string][] = [
      [{ name: "x" }, "task.execution.mcp_servers[0].command", "INVALID_FIELD_VALUE"],
      [{ command: "x" }, "task.execution.mcp_servers[0].name", "MISSING_REQUIRED_FIELD"],
      [{ name: "x", url: "nonsense" }, "task.execution.mcp_servers[0].url", "INVALID_FIELD_FORMAT"],
      [{ name: "x", command: "y", cwd: "/" }, "task.execution.mcp_servers[0].cwd", "INVALID_FIELD_VALUE"],
    ];
    for (const [server, field, code] of refusals) {
      const reply: Message = await socket.request({ type: "start_task", task: task("one", [server]) });
      assert.deepEqual([reply.code, reply.details.field], [code, field]);
    }
  }));

const CASES: [string, Message, boolean][] = [
  ["without authentication", {}, true],
  ["with authentication", { security: { auth: "required" } }, false],
  ["with authentication and client_commands", {
    security: { auth: "required" },
    tasks: { client_commands: true },
  }, true],
  ["with client_commands off", { tasks: { client_commands: false } }, false],
];

for (const [name, more, isAllowed] of CASES) {
  Deno.test(`mcp servers: a command of a client is ${isAllowed ? "taken" : "refused"} ${name}`, () =>
    withApp({ config: config(more) }, async (app) => {
      const ask = async (message: Message) =>
        (await app.post(message, { authorization: `Bearer ${app.owner_token}` })).reply as Message;
      const start = { type: "start_task", task: task("one", [SITE, PROGRAM]) };
      const later = { type: "schedule_task", task: task("two", [PROGRAM], { scheduled_time: SOON() }) };
      const replies = [
        await ask(start),
        await ask(later),
        ...(await ask({ type: "batch", requests: [{ ...start, task: { ...start.task, id: "three" } }] }))
          .responses,
      ];
      for (const reply of replies) {
        if (isAllowed) {
          assert.ok(["task_started", "task_scheduled"].includes(reply.type), JSON.stringify(reply));
        } else assert.equal(reply.code, "PERMISSION_DENIED", JSON.stringify(reply));
      }
      if (!isAllowed) {
        assert.deepEqual(replies[0].details, {
          field: "task.execution.mcp_servers[1].command",
          setting: "tasks.client_commands",
        });
      }
      // An address starts nothing.
      assert.equal((await ask({ type: "start_task", task: task("four", [SITE]) })).type, "task_started");
    }));
}

Deno.test("mcp servers: a task that is stored already starts no command that is no longer allowed", () =>
  withApp({ config: config() }, async (app) => {
    const socket = await app.connect();
    await socket.request({
      type: "start_task",
      task: { ...task("one", [PROGRAM]), description: "hang" },
    });
    await app.restart(config({ tasks: { client_commands: false } }));
    const again = await app.connect();
    await again.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    let shown: Message = await again.request({ type: "get_task_status", task_id: "one" });
    while (shown.task.status !== "failed") {
      await again.next((message: Message) => message.type === "task_status_update");
      shown = await again.request({ type: "get_task_status", task_id: "one" });
    }
    assert.equal(shown.task.failure.kind, "permission_denied");
    assert.match(shown.task.error, /MCP server 'notes' is a command/);
  }));
