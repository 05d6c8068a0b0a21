/** `POST /api` as a specification: the socket's replies, with the statuses of the document's table. */
import assert from "node:assert/strict";
import { type ErrorCode, ERRORS } from "../../src/domain/errors.ts";
import { withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const LIMIT = 65_536;
const config = {
  limits: { enabled: false, max_message_bytes: LIMIT },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh" },
};

/** A ping of exactly so many bytes. */
function pingOf(bytes: number): string {
  const empty = '{"type":"ping","padding":""}';
  return `{"type":"ping","padding":"${"x".repeat(bytes - empty.length)}"}`;
}

Deno.test("POST /api", async (t) => {
  await withApp({ config }, async (server) => {
    const task = {
      id: "h",
      type: "testing",
      priority: "low",
      description: "d",
      execution: { prompt: "print done" },
    };
    const post = async (body: BodyInit) => {
      const response = await fetch(`${server.url}/api`, { method: "POST", body });
      return { status: response.status, reply: await response.json() as Fields };
    };

    await t.step("the same replies as on the socket", async () => {
      assert.equal((await server.post({ type: "start_task", task })).status, 200);
      const socket = await server.connect();
      const without = (reply: Fields) => {
        const { timestamp: _timestamp, server_time: _server_time, ...rest } = reply;
        return rest;
      };
      await until(async () => {
        const { reply } = await server.post({ type: "get_task_status", task_id: "h" });
        return (reply.task as Fields).status === "completed";
      });
      for (
        const message of [
          { type: "ping", request_id: "x" },
          { type: "get_task_status", task_id: "h", request_id: 1 },
          { type: "list_tasks", limit: 1, request_id: 2 },
          { type: "list_schedules", request_id: 3 },
          { type: "get_task_status", task_id: "none", request_id: 4 },
          { type: "start_task", task: { id: "?" }, request_id: 5 },
        ]
      ) {
        socket.forget();
        socket.send(message);
        const onSocket = await socket.next((m) => m.request_id === message.request_id);
        const { reply } = await server.post(message);
        assert.deepEqual(without(reply), without(onSocket));
      }
      await socket.close();
    });

    const statuses: [Fields, ErrorCode][] = [
      [{ type: "nonsense" }, "UNKNOWN_MESSAGE_TYPE"],
      [{}, "MISSING_REQUIRED_FIELD"],
      [{ type: "ping", timestamp: "x" }, "INVALID_FIELD_TYPE"],
      [{ type: "cancel_task", task_id: "a b" }, "INVALID_FIELD_FORMAT"],
      [{ type: "list_tasks", limit: 0 }, "INVALID_FIELD_VALUE"],
      [{ type: "start_task", task: {} }, "INVALID_TASK_DATA"],
      [{ type: "retry_task", task_id: "none" }, "TASK_NOT_FOUND"],
      [{ type: "unschedule_task", task_id: "none" }, "TASK_NOT_FOUND"],
      [{ type: "start_task", task }, "TASK_ALREADY_EXISTS"],
      [{ type: "start_task", task: { ...task, id: "dep", dependencies: ["none"] } }, "TASK_DEPENDENCY_ERROR"],
      [{ type: "start_task", task: { ...task, id: "dep", dependencies: ["dep"] } }, "TASK_DEPENDENCY_ERROR"],
      [
        { type: "schedule_task", task: { ...task, id: "s", scheduled_time: "2001-01-01T00:00:00Z" } },
        "INVALID_SCHEDULE_TIME",
      ],
      [{
        type: "schedule_task",
        task: {
          ...task,
          id: "s",
          scheduled_time: new Date(Date.now() + 3_600_000).toISOString(),
          recurring: { interval: "yearly" },
        },
      }, "INVALID_RECURRING_CONFIG"],
      [{ type: "list_tasks", filter: { status: "gone" } }, "FILTER_VALIDATION_ERROR"],
      [{ type: "subscribe_to_updates", channels: ["nowhere"] }, "SUBSCRIPTION_ERROR"],
      [{ type: "subscribe_to_updates", channels: ["agents"] }, "SUBSCRIPTION_ERROR"],
      [{ type: "request_log_entries", filter: { follow: true } }, "SUBSCRIPTION_ERROR"],
      [{ type: "kill_process", pid: 2_147_483_647 }, "PROCESS_NOT_FOUND"],
      [{ type: "kill_process", pid: 1 }, "PROCESS_PERMISSION_DENIED"],
    ];
    for (const [message, code] of statuses) {
      await t.step(`${code}: ${ERRORS[code].status}`, async () => {
        const { status, reply } = await server.post({ ...message, request_id: "s" });
        assert.deepEqual([reply.code, status, reply.request_id], [code, ERRORS[code].status, "s"]);
        assert.deepEqual([reply.type, typeof reply.message, typeof reply.details], [
          "error",
          "string",
          "object",
        ]);
      });
    }

    await t.step("a body that is not JSON, not UTF-8, empty, or a byte order mark with JSON", async () => {
      for (const body of ["{", "", new Uint8Array([0x7b, 0xff, 0x7d]), new Uint8Array([0xed, 0xa0, 0x80])]) {
        const { status, reply } = await post(body);
        assert.deepEqual([status, reply.code], [400, "INVALID_JSON"]);
      }
    });

    await t.step("nested deep", async () => {
      for (
        const text of ["[".repeat(60_000), `{"type":"ping","x":${"[".repeat(30_000)}${"]".repeat(30_000)}}`]
      ) {
        assert.equal((await post(text)).reply.code, "INVALID_JSON");
      }
    });

    await t.step(
      "a body at the limit is taken, one byte more is refused, and the server goes on",
      async () => {
        assert.equal((await post(pingOf(LIMIT))).reply.type, "pong");
        const over = await post(pingOf(LIMIT + 1));
        assert.ok(over.status >= 400 && over.status < 500, String(over.status));
        assert.equal(over.reply.type, "error");
        const huge = await post(pingOf(10 * LIMIT));
        assert.equal(huge.reply.type, "error");
        assert.equal((await server.post({ type: "ping" })).reply.type, "pong");
      },
    );

    await t.step("only POST, only at this path", async () => {
      for (
        const [method, path, status] of [["GET", "/api", 405], ["POST", "/", 404], ["GET", "/nowhere", 404]]
      ) {
        const response = await fetch(`${server.url}${path}`, { method: method as string });
        await response.body?.cancel();
        assert.equal(response.status, status, `${method} ${path}`);
      }
      const ws = await fetch(`${server.url}/ws`);
      await ws.body?.cancel();
      assert.equal(ws.status, 426);
    });
  });
});
