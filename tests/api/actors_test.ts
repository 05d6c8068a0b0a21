/** Every change knows who asked for it: in the reply, in what is stored and in what is shown later. */
import assert from "node:assert/strict";
import { composeServer } from "../../src/boot/compose.ts";
import { effectiveConfig } from "../../src/boot/config_file.ts";
import { systemClock } from "../../src/clock/clock.ts";
import type { Actor } from "../../src/domain/actor.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { loadStore, type Store } from "../../src/store/open.ts";
import { withApp } from "../fixtures/app.ts";
import { until } from "../fixtures/until.ts";
import { ScriptedAgents } from "../fixtures/scripted_agents.ts";

// deno-lint-ignore no-explicit-any -- the test looks into messages of every type
type Message = Record<string, any>;

const OWNER: Actor = { kind: "owner", tenant: "default" };
const ANONYMOUS: Actor = { kind: "anonymous", tenant: "default" };

interface World {
  store: Store;
  /** Sends one message with this key or token. */
  ask(message: Message, token?: string): Promise<Message>;
  owner_token: string;
}

async function withServer(auth: "none" | "required", test: (world: World) => Promise<void>): Promise<void> {
  const base = "/";
  const store = await loadStore(new MemoryKeyValue(), systemClock);
  const server = await composeServer({
    clock: systemClock,
    config: effectiveConfig({ server: { port: 0 }, security: { auth } }, { base }),
    base,
    folder: "/nowhere",
    openStore: () => Promise.resolve(store),
    openRunner: () => new ScriptedAgents(),
  });
  await server.start();
  try {
    await test({
      store,
      owner_token: server.owner_token,
      async ask(message, token) {
        const headers: Record<string, string> = token === undefined
          ? {}
          : { authorization: `Bearer ${token}` };
        const request = { method: "POST", body: JSON.stringify(message), headers };
        return await (await fetch(`${server.url}/api`, request)).json();
      },
    });
  } finally {
    await server.stop();
  }
}

const LATER = new Date(Date.now() + 3_600_000).toISOString();
const task = (id: string, more: Message = {}) => ({
  type: "start_task",
  task: { id, type: "testing", priority: "low", description: `print ${id}`, scheduled_time: LATER, ...more },
});

Deno.test("tasks and schedules say who created them: the owner, a key, or an anonymous client", async () => {
  await withServer("none", async ({ ask, owner_token, store }) => {
    const { api_key, key } = await ask({
      type: "create_key",
      key: { name: "ci", permissions: ["read", "write"] },
    }, owner_token);
    assert.deepEqual(key.created_by, OWNER);
    const byKey = { kind: "key", id: key.id, name: "ci", tenant: "default" };
    for (
      const [id, token, actor] of [["a", owner_token, OWNER], ["b", api_key, byKey], [
        "c",
        undefined,
        ANONYMOUS,
      ]]
    ) {
      const started = await ask(task(id), token);
      assert.deepEqual(started.task.created_by, actor);
      assert.deepEqual((await ask({ type: "get_task_status", task_id: id })).task.created_by, actor);
      assert.deepEqual(store.tasks.get(id)!.spec.created_by, actor);
    }
    await ask({ ...task("s"), type: "schedule_task" }, api_key);
    const { schedules } = await ask({ type: "list_schedules" });
    assert.deepEqual(schedules.map((one: Message) => [one.id, one.created_by]), [
      ["a", OWNER],
      ["b", byKey],
      ["c", ANONYMOUS],
      ["s", byKey],
    ]);
  });
});

Deno.test("each change says who requested it; the server's own changes name the server", async () => {
  await withServer("none", async ({ ask, owner_token, store }) => {
    const heard: [string, string][] = [];
    const done = Promise.withResolvers<void>();
    store.changes.subscribe("task", (changes) => {
      for (const { after, by } of changes) {
        heard.push([after!.state.status, by.kind]);
        if (after!.state.status === "completed") done.resolve();
      }
    });
    await ask(task("held"), owner_token);
    await ask({ type: "pause_task", task_id: "held" });
    await ask({ type: "resume_task", task_id: "held" }, owner_token);
    await ask({ type: "cancel_task", task_id: "held" });
    assert.deepEqual(heard.splice(0), [
      ["pending", "owner"],
      ["paused", "anonymous"],
      ["pending", "owner"],
      ["cancelled", "anonymous"],
    ]);
    await ask(task("now", { scheduled_time: undefined }), owner_token);
    await done.promise;
    assert.deepEqual(heard[0], ["queued", "owner"]);
    assert.deepEqual(heard.slice(1).filter(([, kind]) => kind !== "server"), []);
    await store.logs.flush();
    const { data } = await ask({ type: "request_log_entries", filter: { agent: "held" } });
    const cancelled = data.entries.find((entry: Message) => entry.details.new_status === "cancelled");
    assert.deepEqual(cancelled.details.by, ANONYMOUS);
  });
});

Deno.test("changed limits and revoked keys say who changed them", async () => {
  await withServer("required", async ({ ask, owner_token }) => {
    const change = {
      type: "update_rate_limits",
      limits: { tasks_per_minute: 7 },
      override: { client: "10.0.0.7", limits: { messages_per_minute: 9 } },
      suspend: { seconds: 60, reason: "fire" },
    };
    const { data } = await ask(change, owner_token);
    assert.deepEqual([data.limits_by, data.overrides[0].by, data.suspended.by], [OWNER, OWNER, OWNER]);
    const { key, api_key } = await ask({ type: "create_key", key: { name: "x" } }, owner_token);
    await ask({ type: "revoke_key", key_id: key.id }, owner_token);
    const { keys } = await ask({ type: "list_keys" }, owner_token);
    assert.deepEqual([keys[0].created_by, keys[0].revoked_by], [OWNER, OWNER]);
    assert.equal((await ask({ type: "ping" }, api_key)).code, "INVALID_AUTH_TOKEN");
    assert.equal((await ask({ type: "ping" })).code, "AUTHENTICATION_REQUIRED");
  });
});

Deno.test("log entries about keys, sessions, limits and schedules name who asked", async () => {
  await withApp({ config: { security: { auth: "required" } } }, async (server) => {
    const headers = { authorization: `Bearer ${server.owner_token}` };
    const ask = async (message: Message): Promise<Message> => (await server.post(message, headers)).reply;
    const { key, api_key } = await ask({ type: "create_key", key: { name: "ci", permissions: ["read"] } });
    const { session_token } = await ask({ type: "authenticate", api_key });
    assert.match(session_token, /^sess_/);
    const { sessions } = await ask({ type: "list_sessions" });
    const session_id = sessions.find(({ key_id }: Message) => key_id === key.id).session_id;
    await ask({ type: "end_session", session_id });
    await ask({ type: "rotate_key", key_id: key.id });
    await ask({ type: "revoke_key", key_id: key.id });
    await ask({ type: "update_rate_limits", resume: true });
    const recurring = { interval: "daily" };
    await ask({ ...task("nightly", { recurring }), type: "schedule_task" });
    await ask({ type: "update_schedule", task_id: "nightly", task: { priority: "high" } });
    await ask({ type: "pause_schedule", task_id: "nightly" });
    await ask({ type: "resume_schedule", task_id: "nightly" });
    await ask({ type: "unschedule_task", task_id: "nightly" });
    const named = `Key 'ci' (${key.id})`;
    const expected = [
      `${named} was created by owner`,
      `The session ${session_id} of key 'ci' (${key.id}) was ended by owner`,
      `${named} was rotated by owner`,
      `${named} was revoked by owner`,
      "Limits changed by owner from 127.0.0.1",
      "Schedule was made by owner",
      "Schedule was changed by owner",
      "Schedule was paused by owner",
      "Schedule was resumed by owner",
      "Schedule was removed by owner",
    ];
    await until(async () => {
      const { data } = await ask({ type: "request_log_entries", limit: 100 });
      const messages: string[] = data.entries.map(({ message }: Message) => message);
      return expected.every((line) => messages.filter((one) => one.startsWith(line)).length === 1);
    });
  });
});
