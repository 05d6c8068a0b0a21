/** Permission requests as a specification: who hears of them, who answers them, and what becomes of the task. */
import assert from "node:assert/strict";
import { type TestServer, withServer } from "../fixtures/server.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

async function start(socket: TestSocket, id: string, prompt: string, execution: Fields = {}): Promise<void> {
  const task = {
    id,
    type: "testing",
    priority: "medium",
    description: id,
    execution: { prompt, ...execution },
  };
  const reply = await socket.request({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

async function subscribed(server: TestServer, filter: Fields = {}): Promise<TestSocket> {
  const socket = await server.connect();
  await socket.request({
    type: "subscribe_to_updates",
    channels: ["task_status"],
    filters: { task_status: filter },
  });
  socket.forget();
  return socket;
}

Deno.test("permission requests", async (t) => {
  const self = (name: string) => new URL(`../../${name}`, import.meta.url).pathname;
  const demo = {
    protocol: "acp",
    command: [
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-prompt",
      "--config",
      self("deno.json"),
      "--allow-read",
      "--allow-write",
      "--allow-env",
      self("main.ts"),
      "demo-agent",
    ],
    pass_env: ["DENO_DIR"],
  };
  const permissions_config = {
    limits: { enabled: false },
    agents: { demo },
    tasks: { default_agent: "demo", max_concurrent: 4, permission_timeout_ms: 60_000 },
  };
  const ASK = "demo:steps=2 demo:delay=0 demo:ask";

  await withServer({ config: permissions_config }, async (server) => {
    const socket = await subscribed(server);
    const asked = (id: string) => socket.next((m) => m.type === "permission_request" && m.task_id === id);
    const ended = async (id: string) => {
      const { new_status } = await socket.next((m) =>
        m.task_id === id && ["completed", "failed", "cancelled"].includes(m.new_status as string)
      );
      return new_status;
    };
    const respond = (task_id: string, permission_id: unknown, more: Fields) =>
      socket.request({ type: "respond_to_permission", task_id, permission_id, ...more });

    await t.step("a request is pushed with its options, and shown with the task", async (t) => {
      await start(socket, "shown", ASK);
      const request = await asked("shown");
      assert.match(request.permission_id as string, /./);
      assert.equal(typeof request.title, "string");
      assert.deepEqual((request.options as Fields[]).map((one) => [one.option_id, one.kind]), [
        ["yes", "allow_once"],
        ["always", "allow_always"],
        ["no", "reject_once"],
      ]);
      const left_ms = Date.parse(request.expires_at as string) - Date.now();
      assert.ok(left_ms > 30_000 && left_ms <= 60_000, String(left_ms));
      const { task } = await socket.request({ type: "get_task_status", task_id: "shown" }) as unknown as {
        task: Fields;
      };
      assert.deepEqual([task.status, task.runtime_status], ["running", "waiting_for_permission"]);
      assert.deepEqual((task.pending_permissions as Fields[]).map((one) => one.permission_id), [
        request.permission_id,
      ]);
      const { permission_id, expires_at } = request;
      assert.deepEqual(task.waiting_for, { kind: "permission", permission_id, until: expires_at });

      await t.step("wrong ids change nothing", async () => {
        const refused = async (reply: Promise<Message>, code: string, field?: string) => {
          const { code: given, details } = await reply;
          assert.deepEqual([given, (details as Fields).field], [code, field]);
        };
        const { permission_id } = request;
        await refused(
          respond("shown", "perm_none", { decision: "allow" }),
          "INVALID_FIELD_VALUE",
          "permission_id",
        );
        await refused(
          respond("shown", permission_id, { option_id: "maybe" }),
          "INVALID_FIELD_VALUE",
          "option_id",
        );
        await refused(
          respond("shown", permission_id, { decision: "maybe" }),
          "INVALID_FIELD_VALUE",
          "decision",
        );
        await refused(respond("shown", permission_id, {}), "MISSING_REQUIRED_FIELD", "option_id");
        await refused(
          respond("shown", undefined, { decision: "allow" }),
          "MISSING_REQUIRED_FIELD",
          "permission_id",
        );
        await refused(respond("none", permission_id, { decision: "allow" }), "TASK_NOT_FOUND");
      });

      await t.step("answered by option_id, the agent continues", async () => {
        const { permission_id } = request;
        const reply = await respond("shown", permission_id, { option_id: "yes" });
        assert.deepEqual([reply.type, reply.task_id, reply.permission_id, reply.option_id], [
          "permission_answered",
          "shown",
          permission_id,
          "yes",
        ]);
        assert.equal(await ended("shown"), "completed");
        const again = await respond("shown", permission_id, { option_id: "yes" });
        assert.equal(again.code, "INVALID_FIELD_VALUE");
        assert.equal((again.details as Fields).current_status, "completed");
        const { data } = await socket.request({
          type: "request_log_entries",
          filter: { agent: "shown", message_contains: "permission" },
          sort: { field: "time", order: "asc" },
        }) as unknown as { data: { entries: { message: string; details: Fields }[] } };
        assert.deepEqual(
          data.entries.map(({ message, details }) => [message, details.permission_id]),
          [[`Permission asked: ${request.title}`, permission_id], [
            `Permission given (allow_once, by client): ${request.title}`,
            permission_id,
          ]],
        );
      });
    });

    await t.step("answered by decision: allow", async () => {
      await start(socket, "allowed", ASK);
      const reply = await respond("allowed", (await asked("allowed")).permission_id, { decision: "allow" });
      assert.deepEqual([reply.type, reply.option_id], ["permission_answered", "yes"]);
      assert.equal(await ended("allowed"), "completed");
    });

    await t.step("answered by decision: deny; the agent continues, and its log says so", async () => {
      await start(socket, "denied", ASK);
      const reply = await respond("denied", (await asked("denied")).permission_id, { decision: "deny" });
      assert.deepEqual([reply.type, reply.option_id], ["permission_answered", "no"]);
      assert.equal(await ended("denied"), "completed");
      const { data } = await socket.request({
        type: "request_log_entries",
        filter: { agent: "denied", level: "warn", message_contains: "denied" },
      }) as unknown as { data: { entries: Fields[] } };
      assert.equal(data.entries.length, 1, JSON.stringify(data.entries));
    });

    await t.step("a filter for other tasks excludes it; a filter for its status includes it", async (t) => {
      const others = await subscribed(server, { task_ids: ["x"] });
      const finished = await subscribed(server, { statuses: ["completed"] });
      const running = await subscribed(server, { statuses: ["running"] });
      await start(socket, "filtered", ASK);
      await running.next((m) => m.type === "permission_request" && m.task_id === "filtered");
      for (const one of [others, finished]) {
        // Its answer comes after all that was pushed before.
        await one.request({ type: "ping" });
        assert.deepEqual(one.messages.map((m) => m.type), ["pong"]);
      }

      await t.step("a task cancelled while it waits has no open request", async () => {
        const { permission_id } = await asked("filtered");
        assert.equal(
          (await socket.request({ type: "cancel_task", task_id: "filtered" })).type,
          "task_cancelled",
        );
        assert.equal(
          (await respond("filtered", permission_id, { decision: "allow" })).code,
          "INVALID_FIELD_VALUE",
        );
        const { task } = await socket.request({
          type: "get_task_status",
          task_id: "filtered",
        }) as unknown as {
          task: Fields;
        };
        assert.deepEqual([task.status, task.pending_permissions], ["cancelled", undefined]);
      });
      for (const one of [others, finished, running]) await one.close();
    });

    await t.step("with an allow or deny policy, nobody is asked", async () => {
      socket.forget();
      await start(socket, "policy_allow", ASK, { permissions: "allow" });
      assert.equal(await ended("policy_allow"), "completed");
      await start(socket, "policy_deny", ASK, { permissions: "deny" });
      assert.equal(await ended("policy_deny"), "failed");
      assert.deepEqual(socket.messages.filter((m) => m.type === "permission_request"), []);
    });
  });

  await withServer({
    config: { ...permissions_config, tasks: { ...permissions_config.tasks, permission_timeout_ms: 300 } },
  }, async (server) => {
    await t.step(
      "an unanswered request is denied after its timeout, and the agent goes on without it",
      async () => {
        const socket = await subscribed(server);
        await start(socket, "late", ASK);
        const { permission_id } = await socket.next((m) => m.type === "permission_request");
        await socket.next((m) => m.new_status === "completed");
        const { result } = await socket.request({ type: "get_task_result", task_id: "late" });
        assert.match(String((result as Fields).warnings), /Finished without what was denied/);
        const reply = await socket.request({
          type: "respond_to_permission",
          task_id: "late",
          permission_id,
          decision: "allow",
        });
        assert.equal(reply.code, "INVALID_FIELD_VALUE");
      },
    );
  });
});
