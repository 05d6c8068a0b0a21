/** Clients that know only the first versions of the API, and what `compatibility.pushes` sends them. */
import assert from "node:assert/strict";
import { pushes } from "../../src/protocol/pushes.ts";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import type { TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh" },
  monitor: { resources_interval_ms: 100, processes_interval_ms: 100, task_summary_interval_ms: 100 },
};
const PUSHING = { ...config, compatibility: { pushes: true } };
const BASIC = ["agent_update", "log_entry", "resource_update", "task_status_update"];

function task(id: string, prompt = "progress 1/2 half; ask May I?; print done", more: Fields = {}): Fields {
  return { id, type: "testing", priority: "medium", description: id, execution: { prompt }, ...more };
}

const told = (id: string, status: string) => (m: Fields) =>
  m.type === "task_status_update" && m.task_id === id && m.new_status === status;

/** The types of what was pushed, sorted. */
function heard(socket: TestSocket): string[] {
  const pushed = (type: string) => type === "full_status" || Object.hasOwn(pushes, type);
  return [...new Set(socket.messages.map(({ type }) => type).filter(pushed))].sort();
}

/** A connection whose basic pushes have begun. */
async function pushedTo(server: Door): Promise<TestSocket> {
  const socket = await server.connect();
  await socket.next((m) => m.type === "full_status");
  return socket;
}

Deno.test("what older clients send and read", async (t) => {
  await withApp({ config }, async (server) => {
    const socket = await server.connect();

    await t.step("a bare ping gets the server's timestamp, another its own", async () => {
      const before = Date.now();
      const { timestamp, server_time } = await socket.request({ type: "ping" });
      assert.ok(Number(timestamp) >= before && Number(timestamp) <= Date.now(), String(timestamp));
      assert.equal(new Date(Number(timestamp)).toISOString(), server_time);
      assert.equal((await socket.request({ type: "ping", timestamp: 0 })).timestamp, 0);
      assert.equal((await server.post({ type: "ping" })).reply.timestamp !== undefined, true);
    });

    await t.step("task_data is taken for task, where there is no task", async () => {
      const started = await socket.request({ type: "start_task", task_data: task("old", "print done") });
      assert.deepEqual([started.type, started.task_id], ["task_started", "old"]);
      const scheduled_time = new Date(Date.now() + 3_600_000).toISOString();
      const scheduled = await socket.request({
        type: "schedule_task",
        task_data: task("later", "print done", { scheduled_time }),
      });
      assert.deepEqual([scheduled.type, scheduled.task_id], ["task_scheduled", "later"]);
      const both = await socket.request({
        type: "start_task",
        task: task("today"),
        task_data: task("yesterday"),
      });
      assert.equal(both.task_id, "today");
      const { responses } = await socket.request({
        type: "batch",
        requests: [{ type: "start_task", task_data: task("member") }],
      });
      assert.equal((responses as Fields[])[0]!.type, "task_started");
      assert.equal((await server.post({ type: "start_task", task_data: task("posted") })).status, 200);
    });

    await t.step("a task_data that is wrong is refused as a task is", async () => {
      const code = async (fields: Fields) => (await socket.request({ type: "start_task", ...fields })).code;
      assert.equal(await code({ task_data: {} }), "INVALID_TASK_DATA");
      assert.equal(await code({ task_data: [] }), "INVALID_FIELD_TYPE");
      assert.equal(await code({ task: null, task_data: task("null") }), "INVALID_FIELD_TYPE");
      assert.equal(await code({}), "MISSING_REQUIRED_FIELD");
      const elsewhere = await socket.request({ type: "cancel_task", task_data: task("x") });
      assert.equal(elsewhere.code, "MISSING_REQUIRED_FIELD");
    });

    await t.step("full_status has its lists at the top level, too", async () => {
      const status = await socket.request({ type: "request_status" });
      const data = status.data as Fields;
      assert.ok((data.tasks as Fields[]).some(({ id }) => id === "old"));
      assert.ok(data.system_resources && data.claude_processes && data.agents);
      for (const [name, value] of Object.entries(data)) assert.deepEqual(status[name], value, name);
    });

    await t.step("without compatibility.pushes, who has not subscribed hears nothing", async () => {
      socket.forget();
      const watcher = await server.connect();
      await watcher.request({ type: "subscribe_to_updates", channels: ["task_status"] });
      await watcher.request({ type: "start_task", task: task("quiet", "print done") });
      await watcher.next(told("quiet", "completed"));
      await socket.request({ type: "ping" });
      assert.deepEqual(heard(socket), []);
    });
  });
});

Deno.test("compatibility.pushes", async (t) => {
  await withApp({ config: PUSHING }, async (server) => {
    await t.step("full_status comes first, then the basic pushes and no others", async () => {
      const main = await pushedTo(server);
      await main.request({ type: "start_task", task: task("before", "print done") });
      await main.next(told("before", "completed"));
      const socket = await server.connect();
      const status = await socket.next((m) => m.type === "full_status");
      assert.deepEqual(socket.messages.slice(0, 2).map(({ type }) => type), [
        "connection_established",
        "full_status",
      ]);
      assert.deepEqual((status.tasks as Fields[]).map(({ id, status }) => [id, status]), [[
        "before",
        "completed",
      ]]);
      assert.deepEqual((status.data as Fields).tasks, status.tasks);
      await main.request({ type: "subscribe_to_updates", channels: ["task_status"] });
      await main.request({ type: "start_task", task: task("asks") });
      await main.next((m) => m.type === "permission_request");
      for (const type of BASIC) await socket.next((m) => m.type === type);
      await main.request({ type: "cancel_task", task_id: "asks" });
      await socket.next(told("asks", "cancelled"));
      assert.deepEqual(heard(socket), [...BASIC, "full_status"].sort());
      assert.equal(socket.messages.filter(({ type }) => type === "full_status").length, 1);
    });

    const ends: [string, Fields, string[]][] = [
      ["a subscription", { type: "subscribe_to_updates", channels: ["task_progress"] }, [
        "task_progress_update",
      ]],
      ["an unsubscription", { type: "unsubscribe_from_updates", channels: ["log_entries"] }, []],
      ["a follow of the log", {
        type: "request_log_entries",
        filter: { follow: true, agent: "nobody" },
      }, []],
    ];
    for (const [name, message, stays] of ends) {
      await t.step(`they end with ${name}`, async () => {
        const main = await pushedTo(server);
        const socket = await pushedTo(server);
        assert.notEqual((await socket.request(message)).type, "error");
        socket.forget();
        const id = `after_${name.replaceAll(" ", "_")}`;
        await main.request({ type: "start_task", task: task(id, "progress 1/2 half; print done") });
        await main.next(told(id, "completed"));
        await main.next((m) => m.type === "log_entry" && (m.log as Fields).agent === id);
        await socket.request({ type: "ping" });
        assert.deepEqual(heard(socket), stays);
      });
    }

    await t.step("a refused subscription ends nothing", async () => {
      const socket = await pushedTo(server);
      assert.equal(
        (await socket.request({ type: "subscribe_to_updates", channels: ["nowhere"] })).type,
        "error",
      );
      socket.forget();
      await socket.next((m) => m.type === "resource_update");
    });

    await t.step("who subscribes at once gets no status", async () => {
      const socket = await server.connect();
      socket.send({ type: "subscribe_to_updates", channels: ["system_resources"] });
      for (let i = 0; i < 3; i++) {
        await socket.next((m) => m.type === "resource_update");
        socket.messages.splice(socket.messages.findIndex((m) => m.type === "resource_update"), 1);
      }
      assert.ok(!heard(socket).includes("agent_update"));
    });
  });
});

Deno.test("compatibility.pushes: with authentication, who has shown no key hears nothing", async () => {
  const security = { auth: "required" };
  await withApp({ config: { ...PUSHING, security } }, async (server) => {
    const socket = await server.connect();
    const stranger = await server.connect();
    const reply = await socket.request({ type: "authenticate", api_key: server.owner_token });
    assert.equal(reply.type, "authentication_success");
    await socket.next((m) => m.type === "resource_update");
    assert.deepEqual(socket.messages.slice(0, 3).map(({ type }) => type), [
      "connection_established",
      "authentication_success",
      "full_status",
    ]);
    assert.equal((await stranger.request({ type: "ping" })).code, "AUTHENTICATION_REQUIRED");
    assert.deepEqual(heard(stranger), []);
  });
});
