/** Subscriptions as a specification: who is told of what, how it ends, and that no reader holds up another. */
import assert from "node:assert/strict";
import { RawSocket } from "../fixtures/raw_socket.ts";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";
import type { Message, TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh", max_concurrent: 4 },
  monitor: { resources_interval_ms: 100, processes_interval_ms: 100, task_summary_interval_ms: 100 },
};

/** Channel → what it carries. */
const CARRIES: Record<string, string[]> = {
  system_resources: ["resource_update"],
  task_status: ["task_status_update"],
  task_progress: ["task_progress_update"],
  task_manager: ["task_manager_status"],
  agents: ["agent_update"],
  log_entries: ["log_entry"],
  processes: ["detailed_process_scan"],
  claude_processes: ["claude_processes_update"],
  connection: ["connection_status"],
};

/** Says something of each kind that a task can. */
const TALKATIVE = "progress 1/2 half; print out; warn err; print also";

async function start(socket: TestSocket, id: string, prompt = TALKATIVE): Promise<void> {
  const task = { id, type: "testing", priority: "medium", description: id, execution: { prompt } };
  const reply = await socket.request({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

/** Runs the task to its end, and until its last log entry is told of. */
async function run(socket: TestSocket, id: string, prompt?: string): Promise<void> {
  await start(socket, id, prompt);
  await socket.next((m) => m.task_id === id && ["completed", "failed"].includes(m.new_status as string));
}

async function subscribed(server: Door, channels: string[], filters?: Fields): Promise<TestSocket> {
  const socket = await server.connect();
  socket.forget();
  const reply = await socket.request({
    type: "subscribe_to_updates",
    channels,
    ...(filters ? { filters } : {}),
  });
  assert.equal(reply.type, "subscription_confirmed", JSON.stringify(reply));
  assert.deepEqual(reply.channels, channels);
  assert.match(reply.subscription_id as string, /./);
  // The first push of a channel comes right behind the reply, and is to be kept.
  socket.messages.splice(socket.messages.indexOf(reply), 1);
  return socket;
}

/** A request's answer comes after all that was pushed before it. */
async function heard(socket: TestSocket): Promise<Message[]> {
  await socket.request({ type: "ping" });
  return socket.messages.filter((m) => m.type !== "pong");
}

Deno.test("subscriptions", async (t) => {
  await withApp({ config }, async (server) => {
    const main = await subscribed(server, ["task_status", "log_entries"]);
    const quiet = await server.connect();
    quiet.forget();

    await t.step("each channel brings its pushes and nothing else", async () => {
      const sockets = new Map<string, TestSocket>();
      for (const channel of Object.keys(CARRIES)) sockets.set(channel, await subscribed(server, [channel]));
      await run(main, "one");
      for (const [channel, types] of Object.entries(CARRIES)) {
        const socket = sockets.get(channel)!;
        await socket.next((m) => types.includes(m.type));
        const strangers = (await heard(socket)).filter((m) => !types.includes(m.type));
        assert.deepEqual(strangers, [], channel);
        await socket.close();
      }
    });

    await t.step("a subscription to a channel without pushes is confirmed", async () => {
      const socket = await subscribed(server, ["security"]);
      assert.deepEqual(await heard(socket), []);
      await socket.close();
    });

    await t.step("a client without subscriptions gets no pushes throughout this test", async () => {
      assert.deepEqual(await heard(quiet), []);
    });

    await t.step("the life of a task, in order, with the documented fields", async () => {
      const socket = await subscribed(server, ["task_status", "task_progress"]);
      await run(main, "life");
      await socket.next((m) => m.task_id === "life" && m.new_status === "completed");
      const told = socket.messages.filter((m) => m.task_id === "life");
      const changes = told.filter((m) => m.type === "task_status_update");
      assert.deepEqual(changes.map((m) => [m.old_status, m.new_status]), [
        ["pending", "queued"],
        ["queued", "running"],
        ["running", "completed"],
      ]);
      assert.equal(changes.at(-1)!.progress, 100);
      const steps = told.filter((m) => m.type === "task_progress_update");
      const half = steps.find((m) => m.new_progress === 50)!;
      assert.equal(half.old_progress, 0);
      assert.deepEqual(
        [(half.progress_details as Fields).completed_steps, (half.progress_details as Fields).total_steps],
        [1, 2],
      );
      for (const message of told) assert.match(message.timestamp as string, /\.\d{3}Z$/);
      await socket.close();
    });

    await t.step("filters: only these tasks", async () => {
      const socket = await subscribed(server, ["task_status", "task_progress"], {
        task_status: { task_ids: ["f2", "never"] },
        task_progress: { task_ids: ["f1"] },
      });
      for (const id of ["f1", "f2", "f3"]) await run(main, id);
      await socket.next((m) => m.task_id === "f2" && m.new_status === "completed");
      const told = await heard(socket);
      assert.deepEqual(
        new Set(told.map((m) => `${m.type} ${m.task_id}`)),
        new Set(["task_status_update f2", "task_progress_update f1"]),
      );
      await socket.close();
    });

    await t.step("filters: only these statuses, and both filters together", async () => {
      const both = await subscribed(server, ["task_status"], {
        task_status: { task_ids: ["s1", "s2"], statuses: ["failed", "completed"] },
      });
      await run(main, "s1", "exit 1");
      await run(main, "s2", "print done");
      await run(main, "s3", "exit 1");
      await both.next((m) => m.new_status === "completed");
      assert.deepEqual((await heard(both)).map((m) => [m.task_id, m.new_status]), [
        ["s1", "failed"],
        ["s2", "completed"],
      ]);
      await both.close();
    });

    await t.step("filters: only these levels, only these agents", async () => {
      const warned = await subscribed(server, ["log_entries"], { log_entries: { levels: ["warn"] } });
      const one = await subscribed(server, ["log_entries"], { log_entries: { agents: ["l2"] } });
      const both = await subscribed(server, ["log_entries"], {
        log_entries: { levels: ["warn", "error"], agents: ["l1", "l3"] },
      });
      for (const id of ["l1", "l2", "l3"]) await run(main, id);
      await both.next((m) => (m.log as Fields).agent === "l3");
      await warned.next((m) => (m.log as Fields).agent === "l3");
      await one.next((m) => (m.log as Fields).message === "Task completed");
      const logs = async (socket: TestSocket) => (await heard(socket)).map((m) => m.log as Fields);
      const told = await logs(warned);
      assert.deepEqual(told.map((log) => log.message), ["err", "err", "err"]);
      assert.deepEqual(new Set(told.map((log) => log.level)), new Set(["warn"]));
      const ofOne = await logs(one);
      assert.deepEqual(new Set(ofOne.map((log) => log.agent)), new Set(["l2"]));
      for (const message of ["out", "err", "also"]) assert.ok(ofOne.some((log) => log.message === message));
      assert.deepEqual((await logs(both)).map((log) => [log.agent, log.message]), [["l1", "err"], [
        "l3",
        "err",
      ]]);
      for (const socket of [warned, one, both]) await socket.close();
    });

    await t.step("filters: only these types of processes", async () => {
      const all = await subscribed(server, ["processes"]);
      const none = await subscribed(server, ["processes"], { processes: { types: ["cursor_claude"] } });
      const scan = (socket: TestSocket) => socket.next((m) => m.type === "detailed_process_scan");
      assert.ok(Array.isArray((await scan(all)).processes));
      assert.deepEqual((await scan(none)).processes, []);
      await all.close();
      await none.close();
    });

    await t.step("two subscriptions to the same push bring it once", async (t) => {
      const socket = await subscribed(server, ["task_status", "log_entries"]);
      const second = await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
      socket.forget();
      await run(main, "twice");
      await socket.next((m) => m.new_status === "completed");
      assert.equal(socket.messages.filter((m) => m.new_status === "completed").length, 1);

      await t.step("one of them stays when the other ends", async () => {
        const reply = await socket.request({
          type: "unsubscribe_from_updates",
          subscription_id: second.subscription_id,
        });
        assert.deepEqual([reply.type, reply.channels, reply.subscription_id], [
          "unsubscription_confirmed",
          ["task_status"],
          second.subscription_id,
        ]);
        socket.forget();
        await run(main, "still");
        await socket.next((m) => m.new_status === "completed");
      });
      await socket.close();
    });

    await t.step(
      "unsubscribing from a channel leaves the others, whichever subscription had it",
      async () => {
        const socket = await subscribed(server, ["task_status", "log_entries"]);
        await socket.request({ type: "subscribe_to_updates", channels: ["log_entries", "agents"] });
        const reply = await socket.request({ type: "unsubscribe_from_updates", channels: ["log_entries"] });
        assert.deepEqual([reply.type, reply.channels], ["unsubscription_confirmed", ["log_entries"]]);
        socket.forget();
        await run(main, "left");
        await socket.next((m) => m.new_status === "completed");
        await socket.next((m) => m.type === "agent_update");
        assert.ok((await heard(socket)).every((m) => m.type !== "log_entry"));
        await socket.close();
      },
    );

    await t.step("a channel of one subscription, by both names", async () => {
      const socket = await subscribed(server, ["task_status"]);
      const both = await socket.request({
        type: "subscribe_to_updates",
        channels: ["task_status", "log_entries"],
      });
      const { subscription_id } = both;
      await socket.request({ type: "unsubscribe_from_updates", channels: ["task_status"], subscription_id });
      socket.forget();
      await run(main, "named");
      await socket.next((m) => m.new_status === "completed");
      await socket.next((m) => m.type === "log_entry");
      await socket.close();
    });

    await t.step("invalid subscriptions and unsubscriptions are refused", async () => {
      const socket = await server.connect();
      const refused = async (message: Fields, code: string, field: string) => {
        const reply = await socket.request(message);
        assert.deepEqual(
          [reply.code, (reply.details as Fields).field],
          [code, field],
          JSON.stringify(message),
        );
      };
      const subscribe = (more: Fields, code: string, field: string) =>
        refused({ type: "subscribe_to_updates", ...more }, code, field);
      await subscribe({ channels: ["task_stats"] }, "SUBSCRIPTION_ERROR", "channels[0]");
      await subscribe({ channels: ["agents", "nowhere"] }, "SUBSCRIPTION_ERROR", "channels[1]");
      await subscribe({}, "MISSING_REQUIRED_FIELD", "channels");
      await subscribe({ channels: "agents" }, "INVALID_FIELD_TYPE", "channels");
      await subscribe({ channels: [5] }, "INVALID_FIELD_TYPE", "channels[0]");
      await subscribe({ channels: [] }, "INVALID_FIELD_VALUE", "channels");
      await subscribe({ channels: ["agents", "agents"] }, "INVALID_FIELD_VALUE", "channels[1]");
      const filters = (filters: unknown, field: string) =>
        subscribe({ channels: ["task_status"], filters }, "SUBSCRIPTION_ERROR", field);
      await filters({ nothing: {} }, "filters.nothing");
      await filters({ task_status: { colours: ["red"] } }, "filters.task_status.colours");
      await filters({ task_status: { statuses: ["gone"] } }, "filters.task_status.statuses[0]");
      await filters({ task_status: { task_ids: "a" } }, "filters.task_status.task_ids");
      await filters({ log_entries: { levels: ["loud"] } }, "filters.log_entries.levels[0]");
      await filters({ processes: { types: ["codex"] } }, "filters.processes.types[0]");
      await filters([], "filters");
      const { message } = await socket.request({ type: "subscribe_to_updates", channels: ["task_stats"] });
      assert.match(message as string, /^Invalid channels\[0\] value: 'task_stats'/);
      const unsubscribe = (more: Fields, code: string, field: string) =>
        refused({ type: "unsubscribe_from_updates", ...more }, code, field);
      await unsubscribe({ subscription_id: "sub_none" }, "SUBSCRIPTION_ERROR", "subscription_id");
      await unsubscribe({ channels: ["nowhere"] }, "SUBSCRIPTION_ERROR", "channels[0]");
      await unsubscribe({}, "MISSING_REQUIRED_FIELD", "channels");
      // Another connection's subscription is none of ours.
      const other = await server.connect();
      const { subscription_id } = await other.request({ type: "subscribe_to_updates", channels: ["agents"] });
      await unsubscribe({ subscription_id }, "SUBSCRIPTION_ERROR", "subscription_id");
      const twice = { type: "unsubscribe_from_updates", subscription_id };
      assert.equal((await other.request(twice)).type, "unsubscription_confirmed");
      assert.equal((await other.request(twice)).code, "SUBSCRIPTION_ERROR");
      // None of the refused ones has subscribed anything.
      socket.forget();
      await run(main, "nobody");
      assert.deepEqual(await heard(socket), []);
      await socket.close();
      await other.close();
    });

    await t.step("a connection holds a hundred subscriptions and no more", async () => {
      const socket = await server.connect();
      const ask = () => socket.request({ type: "subscribe_to_updates", channels: ["agents"] });
      for (let i = 0; i < 100; i++) assert.equal((await ask()).type, "subscription_confirmed");
      assert.equal((await ask()).code, "SUBSCRIPTION_ERROR");
      await socket.request({ type: "unsubscribe_from_updates", channels: ["agents"] });
      assert.equal((await ask()).type, "subscription_confirmed");
      await socket.close();
    });

    await t.step("a closed connection's subscriptions are gone with it", async () => {
      const socket = await subscribed(server, ["connection", "task_status"]);
      await socket.close();
      const other = await subscribed(server, ["connection"]);
      const { client_count, last_ping } = await other.next((m) => m.type === "connection_status");
      // Before its first ping, when it came.
      assert.ok(Math.abs(Date.parse(last_ping as string) - Date.now()) < 5000);
      // main, quiet and this one.
      assert.equal(client_count, 3);
      await other.close();
    });

    await t.step(
      "a reader that stalls is closed with 1013, and another gets everything meanwhile",
      async () => {
        const stalled = await RawSocket.upgrade(server.url);
        await stalled.message();
        await stalled.sendText('{"type":"subscribe_to_updates","channels":["log_entries"]}');
        assert.equal((await stalled.message()).type, "subscription_confirmed");
        const reader = await subscribed(server, ["log_entries"], { log_entries: { agents: ["flood"] } });
        const lines = 1500;
        await start(
          main,
          "flood",
          `flood ${lines} 9007`,
        );
        const entries = () =>
          reader.messages.map((m) => m.log as Fields).filter((log) => log?.source === "stdout");
        await until(() => entries().length >= lines, 60_000);
        assert.deepEqual(
          entries().map((log) => Number((log.message as string).slice(0, 7))),
          Array.from({ length: lines }, (_, i) => i),
        );
        const { client_count } = await (await subscribed(server, ["connection"]))
          .next((m) => m.type === "connection_status");
        assert.equal(client_count, 4, "the stalled one is no client any more");
        assert.equal(await stalled.closeCode(), 1013);
        stalled.close();
        await reader.close();
      },
    );

    await t.step("a client without subscriptions got no pushes", async () => {
      assert.deepEqual(await heard(quiet), []);
    });
  });
});
