/** Subscriptions as a specification: who is told of what, how it ends, and that no reader holds up another. */
import assert from "node:assert/strict";
import { RawSocket } from "../fixtures/raw_socket.ts";
import { type Message, type TestServer, withServer } from "../fixtures/server.ts";
import type { TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const config = {
  limits: { enabled: false },
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
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
const TALKATIVE = `echo '{"progress":{"completed_steps":1,"total_steps":2,"current_step":"half"}}'; ` +
  "echo out; echo err >&2; echo also";

async function start(socket: TestSocket, id: string, prompt = TALKATIVE, more: Fields = {}): Promise<void> {
  const { execution, ...rest } = more as { execution?: Fields };
  const task = {
    id,
    type: "testing",
    priority: "medium",
    description: id,
    execution: { prompt, ...execution },
    ...rest,
  };
  const reply = await socket.request({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

/** Runs the task to its end, and until its last log entry is told of. */
async function run(socket: TestSocket, id: string, prompt?: string): Promise<void> {
  await start(socket, id, prompt);
  await socket.next((m) => m.task_id === id && ["completed", "failed"].includes(m.new_status as string));
}

async function subscribed(server: TestServer, channels: string[], filters?: Fields): Promise<TestSocket> {
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
  await withServer({ config }, async (server) => {
    const main = await subscribed(server, ["task_status", "log_entries"]);
    const quiet = await server.connect();
    quiet.forget();

    await t.step("each channel brings what it carries and nothing else", async () => {
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

    await t.step("channels that exist but have nothing to tell are confirmed", async () => {
      const socket = await subscribed(server, ["security", "rate_limits"]);
      assert.deepEqual(await heard(socket), []);
      await socket.close();
    });

    await t.step("who subscribed to nothing is told nothing, all through this test", async () => {
      assert.deepEqual(await heard(quiet), []);
    });

    await t.step("the life of a task, in order, with what the document names", async () => {
      const socket = await subscribed(server, ["task_status", "task_progress"]);
      await run(main, "life");
      await socket.next((m) => m.task_id === "life" && m.new_status === "completed");
      const told = socket.messages.filter((m) => m.task_id === "life");
      const changes = told.filter((m) => m.type === "task_status_update");
      assert.deepEqual(changes.map((m) => [m.old_status, m.new_status]), [
        [undefined, "queued"],
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
      await run(main, "s2", "true");
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

    await t.step("two subscriptions that want the same push bring it once", async (t) => {
      const socket = await subscribed(server, ["task_status", "log_entries"]);
      const second = await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
      socket.forget();
      await run(main, "twice");
      await socket.next((m) => m.new_status === "completed");
      assert.equal(socket.messages.filter((m) => m.new_status === "completed").length, 1);

      await t.step("and one of them stays when the other has ended", async () => {
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

    await t.step("what cannot be subscribed to, or ended", async () => {
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
      await filters([], "filters");
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
      const { client_count } = await other.next((m) => m.type === "connection_status");
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
          `i=0; while [ $i -lt ${lines} ]; do printf '%07d%09000d\\n' $i 0; i=$((i+1)); done`,
        );
        const entries = () =>
          reader.messages.map((m) => m.log as Fields).filter((log) => log?.source === "stdout");
        await server.until(() => entries().length >= lines, 60_000);
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

    await t.step("who subscribed to nothing was told nothing", async () => {
      assert.deepEqual(await heard(quiet), []);
    });
  });
});

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
      self("opencode-agents.ts"),
      "demo-agent",
    ],
  };
  const permissions_config = {
    limits: { enabled: false },
    agents: { demo },
    tasks: { default_agent: "demo", max_concurrent: 4, permission_timeout_ms: 60_000 },
  };
  const ASK = "demo:steps=2 demo:delay=0 demo:ask";

  await withServer({ config: permissions_config }, async (server) => {
    const socket = await subscribed(server, ["task_status"]);
    const asked = (id: string) => socket.next((m) => m.type === "permission_request" && m.task_id === id);
    const ended = async (id: string) => {
      const { new_status } = await socket.next((m) =>
        m.task_id === id && ["completed", "failed", "cancelled"].includes(m.new_status as string)
      );
      return new_status;
    };
    const respond = (task_id: string, permission_id: unknown, more: Fields) =>
      socket.request({ type: "respond_to_permission", task_id, permission_id, ...more });

    await t.step("one is announced on task_status with its options, and shown with the task", async (t) => {
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

      await t.step("answered by option_id, the agent goes on", async () => {
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
      });
    });

    await t.step("answered by decision: allow", async () => {
      await start(socket, "allowed", ASK);
      const reply = await respond("allowed", (await asked("allowed")).permission_id, { decision: "allow" });
      assert.deepEqual([reply.type, reply.option_id], ["permission_answered", "yes"]);
      assert.equal(await ended("allowed"), "completed");
    });

    await t.step("answered by decision: deny; the agent went on without, which its log says", async () => {
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

    await t.step("a subscription to other tasks does not hear of it; one to this status does", async (t) => {
      const others = await subscribed(server, ["task_status"], { task_status: { task_ids: ["x"] } });
      const finished = await subscribed(server, ["task_status"], {
        task_status: { statuses: ["completed"] },
      });
      const running = await subscribed(server, ["task_status"], { task_status: { statuses: ["running"] } });
      await start(socket, "filtered", ASK);
      await running.next((m) => m.type === "permission_request" && m.task_id === "filtered");
      assert.deepEqual(await heard(others), []);
      assert.deepEqual(await heard(finished), []);

      await t.step("cancelled while it waits, the task asks nothing any more", async () => {
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

    await t.step("by policy nobody is asked", async () => {
      socket.forget();
      await start(socket, "policy_allow", ASK, { execution: { permissions: "allow" } });
      assert.equal(await ended("policy_allow"), "completed");
      await start(socket, "policy_deny", ASK, { execution: { permissions: "deny" } });
      assert.equal(await ended("policy_deny"), "failed");
      assert.deepEqual(socket.messages.filter((m) => m.type === "permission_request"), []);
    });
  });

  await withServer({
    config: { ...permissions_config, tasks: { ...permissions_config.tasks, permission_timeout_ms: 300 } },
  }, async (server) => {
    await t.step("one that nobody answers is denied in time, and the task fails by it", async () => {
      const socket = await subscribed(server, ["task_status"]);
      await start(socket, "late", ASK);
      const { permission_id } = await socket.next((m) => m.type === "permission_request");
      const end = await socket.next((m) => m.new_status === "failed");
      assert.match(end.error as string, /permission/i);
      const reply = await socket.request({
        type: "respond_to_permission",
        task_id: "late",
        permission_id,
        decision: "allow",
      });
      assert.equal(reply.code, "INVALID_FIELD_VALUE");
    });
  });
});
