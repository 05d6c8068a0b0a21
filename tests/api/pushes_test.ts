/** Who is told what: subscriptions and their filters, permission requests, readers that stall. */
import assert from "node:assert/strict";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";
import type { TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh" },
};

async function start(socket: TestSocket, id: string, prompt: string): Promise<void> {
  const task = {
    id,
    type: "testing",
    priority: "medium",
    description: id,
    execution: { prompt },
  };
  const reply = await socket.request({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

const ends = (socket: TestSocket, id: string) =>
  socket.next((m) =>
    m.type === "task_status_update" && m.task_id === id &&
    ["completed", "failed"].includes(m.new_status as string)
  );

Deno.test("subscriptions", async (t) => {
  await withApp({ config }, async (server) => {
    const watcher = await server.connect();
    await watcher.request({ type: "subscribe_to_updates", channels: ["task_status"] });

    await t.step("subscribers get only their channels, and others get nothing", async () => {
      const [silent, progress] = [await server.connect(), await server.connect()];
      await progress.request({ type: "subscribe_to_updates", channels: ["task_progress"] });
      silent.forget();
      await start(watcher, "one", "progress 1/2");
      await ends(watcher, "one");
      await progress.next((m) => m.type === "task_progress_update" && m.new_progress === 100);
      const kinds = (
        socket: TestSocket,
      ) => [
        ...new Set(
          socket.messages.map((m) => m.type).filter((type) =>
            type.endsWith("_update") || type === "log_entry"
          ),
        ),
      ];
      assert.deepEqual(kinds(watcher), ["task_status_update"]);
      assert.deepEqual(kinds(progress), ["task_progress_update"]);
      assert.deepEqual(silent.messages, []);
      assert.deepEqual(
        progress.messages.filter((m) => m.type === "task_progress_update").map((m) => m.new_progress),
        [50, 100],
      );
    });

    await t.step("filters by task, status, level and agent", async () => {
      const picky = await server.connect();
      const filters = {
        task_status: { task_ids: ["wanted"], statuses: ["completed"] },
        log_entries: { levels: ["warn"], agents: ["wanted"] },
      };
      await picky.request({
        type: "subscribe_to_updates",
        channels: ["task_status", "log_entries"],
        filters,
      });
      for (const id of ["other", "wanted"]) {
        await start(watcher, id, "print out; warn err");
        await ends(watcher, id);
      }
      await picky.next((m) => m.type === "task_status_update");
      const told = picky.messages.filter((m) =>
        m.type !== "connection_established" && m.type !== "subscription_confirmed"
      );
      assert.deepEqual(
        told.map((m) => m.type === "log_entry" ? (m.log as Fields).message : m.new_status).sort(),
        ["completed", "err"],
      );
    });

    await t.step("subscriptions end by channel and by id", async () => {
      const socket = await server.connect();
      const first = await socket.request({
        type: "subscribe_to_updates",
        channels: ["task_status", "agents"],
      });
      const second = await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
      assert.notEqual(first.subscription_id, second.subscription_id);
      const end = (fields: Fields) => socket.request({ type: "unsubscribe_from_updates", ...fields });
      assert.deepEqual((await end({ subscription_id: second.subscription_id })).channels, ["task_status"]);
      assert.deepEqual(
        (await end({ channels: ["agents"], subscription_id: first.subscription_id })).channels,
        ["agents"],
      );
      socket.forget();
      await start(watcher, "three", "print done");
      await ends(watcher, "three");
      await socket.next((m) => m.new_status === "completed");
      assert.deepEqual(
        socket.messages.map((m) => m.new_status),
        ["queued", "running", "completed"],
        "once, by the subscription that is left",
      );
      await end({ channels: ["task_status"] });
      socket.forget();
      await start(watcher, "four", "print done");
      await ends(watcher, "four");
      assert.deepEqual(socket.messages, []);
      assert.equal((await end({ subscription_id: "sub_none" })).code, "SUBSCRIPTION_ERROR");
      assert.equal((await end({})).code, "MISSING_REQUIRED_FIELD");
    });

    await t.step("a permission request is announced, shown, and answered", async () => {
      await start(watcher, "asks", "ask May I?");
      const asked = await watcher.next((m) => m.type === "permission_request");
      const { task } = await watcher.request({ type: "get_task_status", task_id: "asks" }) as unknown as {
        task: Fields;
      };
      assert.equal(task.runtime_status, "waiting_for_permission");
      assert.equal((task.pending_permissions as Fields[])[0]!.permission_id, asked.permission_id);
      const answer = (fields: Fields) =>
        watcher.request({
          type: "respond_to_permission",
          task_id: "asks",
          permission_id: asked.permission_id,
          ...fields,
        });
      assert.equal((await answer({ permission_id: "none" })).code, "INVALID_FIELD_VALUE");
      assert.equal((await answer({ option_id: "none" })).code, "INVALID_FIELD_VALUE");
      assert.equal((await answer({})).code, "MISSING_REQUIRED_FIELD");
      const { option_id } = (asked.options as Fields[]).find((one) => one.kind === "allow_once")!;
      assert.deepEqual([(await answer({ option_id })).type, (await ends(watcher, "asks")).new_status], [
        "permission_answered",
        "completed",
      ]);
    });

    await t.step("a reader that stalls is closed with 1013, and others get everything", async () => {
      const stalled = await stalledReader(server);
      const reader = await server.connect();
      await reader.request({
        type: "subscribe_to_updates",
        channels: ["log_entries"],
        filters: { log_entries: { agents: ["flood"] } },
      });
      await start(
        watcher,
        "flood",
        "flood 150000 70",
      );
      await ends(watcher, "flood");
      assert.equal(await stalled.closeCode(), 1013);
      const lines = () =>
        reader.messages.filter((m) => m.type === "log_entry" && (m.log as Fields).source === "stdout").length;
      await until(() => lines() === 150_000);
    });
    await watcher.close();
  });
});

/** A WebSocket that subscribes to the log and then reads nothing until it is asked for its end. */
async function stalledReader(server: Door): Promise<{ closeCode(): Promise<number> }> {
  const { hostname, port, host } = new URL(server.url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const key = btoa("0123456789abcdef");
  const head =
    `GET /ws HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const text = new TextEncoder().encode('{"type":"subscribe_to_updates","channels":["log_entries"]}');
  // A masked text frame with a mask of zeros.
  await connection.write(new Uint8Array([0x81, 0x80 | text.length, 0, 0, 0, 0, ...text]));
  return {
    async closeCode() {
      let last = new Uint8Array();
      for await (const chunk of connection.readable) {
        const both = new Uint8Array(last.length + chunk.length);
        both.set(last);
        both.set(chunk, last.length);
        last = both.slice(-200);
        const at = last.lastIndexOf(0x88);
        if (at >= 0 && at + 4 <= last.length && last.length - at === 2 + last[at + 1]!) {
          return last[at + 2]! * 256 + last[at + 3]!;
        }
      }
      return 0;
    },
  };
}
