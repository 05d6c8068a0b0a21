/** The audit log over the API: who did what, that nothing is done without an entry, and that no secret is in any. */
import assert from "node:assert/strict";
import { isAudited } from "../../src/api/audited_request.ts";
import { capabilityTable } from "../../src/api/table.ts";
import type { AuditEntry } from "../../src/domain/audit/audit_entry.ts";
import { ApiError } from "../../src/domain/errors.ts";
import type { Entry, KeyValue } from "../../src/store/kv/kv.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { recomputed } from "../fixtures/recomputed_chain.ts";

const CONFIG = {
  security: { auth: "required" },
  limits: { enabled: false },
  agents: { scripted: { protocol: "acp", command: ["scripted"] } },
  tasks: { default_agent: "scripted" },
};

type Fields = Record<string, unknown>;
// deno-lint-ignore no-explicit-any -- replies, looked into freely
type Message = any;

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** As the owner, or with this key. */
async function ask(app: TestApp, message: object, token = app.owner_token): Promise<Message> {
  return (await app.post(message, bearer(token))).reply;
}

async function entriesOf(app: TestApp, filter: Fields = {}): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(app, { type: "request_audit_log", filter, order: "asc", limit: 100, cursor });
    assert.equal(page.type, "audit_log", JSON.stringify(page));
    entries.push(...page.entries);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return entries;
}

const outcomes = (entries: readonly AuditEntry[]) =>
  entries.map(({ action, outcome, target }) => [action, outcome, target]);

function task(id: string, more: Fields = {}) {
  const scheduled_time = new Date(Date.now() + 3_600_000).toISOString();
  return {
    type: "start_task",
    task: { id, type: "testing", priority: "low", description: id, scheduled_time, ...more },
  };
}

async function keyOf(app: TestApp, key: Fields): Promise<{ id: string; api_key: string }> {
  const { key: { id }, api_key } = await ask(app, { type: "create_key", key });
  return { id, api_key };
}

Deno.test("changes leave an entry each: who, from where, what, about what, and how it ended", () =>
  withApp({ config: CONFIG }, async (app) => {
    const { id, api_key } = await keyOf(app, { name: "ci", permissions: ["read", "write"] });
    await ask(app, task("a"), api_key);
    await ask(app, { type: "pause_task", task_id: "a" }, api_key);
    await ask(app, { type: "pause_task", task_id: "a" }, api_key);
    await ask(app, { type: "cancel_task", task_id: "nowhere" }, api_key);
    await ask(app, { type: "cancel_task" }, api_key);
    await ask(app, { type: "get_task_status", task_id: "a" }, api_key);
    await ask(app, { type: "revoke_key", key_id: id });
    const entries = await entriesOf(app);
    assert.deepEqual(outcomes(entries), [
      ["create_key", "ok", id],
      ["start_task", "ok", "a"],
      ["pause_task", "ok", "a"],
      ["pause_task", "failed", "a"],
      ["cancel_task", "failed", "nowhere"],
      ["cancel_task", "failed", undefined],
      ["revoke_key", "ok", id],
    ]);
    assert.deepEqual(entries.map(({ code }) => code), [
      undefined,
      undefined,
      undefined,
      "INVALID_FIELD_VALUE",
      "TASK_NOT_FOUND",
      "MISSING_REQUIRED_FIELD",
      undefined,
    ]);
    const [, started] = entries;
    assert.deepEqual(started!.actor, { kind: "key", id, name: "ci", tenant: "default" });
    assert.equal(started!.ip, "127.0.0.1");
    assert.deepEqual(started!.details, {
      task: {
        type: "testing",
        priority: "low",
        scheduled_time: started!.details.task && (started!.details.task as Fields).scheduled_time,
      },
    });
    assert.equal(entries[0]!.actor.kind, "owner");
  }));

Deno.test("each message of the table that changes something leaves exactly one entry, all others none", () =>
  withApp({ config: CONFIG }, async (app) => {
    for (const gate of ["probe opencode", "list opencode"]) app.agents.open(gate);
    for (const { type, example } of capabilityTable().values()) {
      const before = (await entriesOf(app)).length;
      await ask(app, example);
      const entries = (await entriesOf(app)).slice(before);
      const own = entries.filter(({ action }) => action === type);
      assert.equal(own.length, isAudited(type) ? 1 : 0, `${type}: ${JSON.stringify(entries)}`);
      // A batch leaves those of its members, which only read in the example.
      assert.equal(entries.length, own.length, `${type}: ${JSON.stringify(entries)}`);
    }
    const { ok } = await ask(app, { type: "verify_audit_log" });
    assert.equal(ok, true);
  }));

/** A store that refuses entries of the audit log once it is told to, and can tell what it holds besides them. */
function refusing() {
  const state = { refuses: false, kv: undefined as KeyValue | undefined };
  const tap = (kv: KeyValue): KeyValue => {
    state.kv = kv;
    return {
      get: (key) => kv.get(key),
      list: (range) => kv.list(range),
      watch: (key, changed) => kv.watch(key, changed),
      close: () => kv.close(),
      commit(commit) {
        const hasEntry = commit.sets?.some(({ key }) => key[0] === "audit");
        if (!hasEntry || !state.refuses) return kv.commit(commit);
        return Promise.reject(new ApiError("DISK_SPACE_EXCEEDED", "The disk that holds the store is full"));
      },
    };
  };
  const KINDS = ["task", "schedule", "key", "hold", "remembered", "message", "review", "delivery"];
  const held = async () => {
    const found: Entry[] = [];
    for (const kind of KINDS) found.push(...await Array.fromAsync(state.kv!.list({ prefix: [kind] })));
    return found.map(({ key, value }) => [key.join(" "), new TextDecoder().decode(value)]);
  };
  return { state, tap, held };
}

Deno.test("what the audit log cannot record is not done: no message changes anything", () => {
  const { state, tap, held } = refusing();
  return withApp({ config: CONFIG, tap }, async (app) => {
    const { id, api_key } = await keyOf(app, { name: "ci", permissions: ["read", "write"] });
    await ask(app, { ...task("nightly", { recurring: { interval: "daily" } }), type: "schedule_task" });
    const { session_token } = await ask(app, { type: "authenticate", api_key });
    const { sessions } = await ask(app, { type: "list_sessions" });
    const { session_id } = sessions.find(({ key_id }: Message) => key_id === id);
    const limits = async () => (await ask(app, { type: "request_rate_limits" })).data.limits;
    // Commits keep their order, so that the last use of the key is stored before these.
    await ask(app, task("task_456"));
    await ask(app, task("task_789"));
    const [before, limitsBefore] = [await held(), await limits()];

    state.refuses = true;
    const own: Record<string, Fields> = {
      revoke_key: { key_id: id },
      rotate_key: { key_id: id },
      end_session: { session_id },
      pause_schedule: { task_id: "nightly" },
      resume_schedule: { task_id: "nightly" },
      run_schedule: { task_id: "nightly" },
      unschedule_task: { task_id: "nightly" },
      update_schedule: { task_id: "nightly" },
      logout: {},
    };
    for (const { type, example } of capabilityTable().values()) {
      if (!isAudited(type)) continue;
      const token = type === "logout" ? session_token : app.owner_token;
      const shown = type === "authenticate" ? { api_key } : {};
      const reply = await ask(app, { ...example, ...own[type], ...shown }, token);
      assert.equal(reply.type, "error", `${type} was done: ${JSON.stringify(reply)}`);
      // A schedule that is not paused is not resumed in any case.
      if (type in own && type !== "resume_schedule") assert.equal(reply.code, "DISK_SPACE_EXCEEDED", type);
    }
    const socket = await app.connect();
    assert.equal((await socket.request({ type: "authenticate", api_key })).code, "DISK_SPACE_EXCEEDED");
    assert.equal((await socket.request({ type: "list_tasks" })).code, "AUTHENTICATION_REQUIRED");
    assert.deepEqual(app.agents.probes, []);
    assert.deepEqual(await held(), before);
    assert.deepEqual(await limits(), limitsBefore);
    assert.equal((await ask(app, { type: "list_tasks" }, api_key)).type, "task_list");
    assert.equal((await ask(app, { type: "list_tasks" }, session_token)).type, "task_list");

    state.refuses = false;
    assert.equal((await ask(app, { type: "cancel_task", task_id: "task_456" })).type, "task_cancelled");
    assert.equal((await ask(app, { type: "verify_audit_log" })).ok, true);
  });
});

Deno.test("sign-ins and refusals have entries; more of the same refusal are summed up", () =>
  withApp({ config: CONFIG }, async (app) => {
    const { id, api_key } = await keyOf(app, { name: "reader", permissions: ["read"] });
    const socket = await app.connect();
    await socket.request({ type: "authenticate", api_key });
    assert.equal((await socket.request({ type: "cancel_task", task_id: "x" })).code, "PERMISSION_DENIED");
    for (let i = 0; i < 20; i++) await socket.request({ type: "cancel_task", task_id: "x" });
    assert.equal((await socket.request({ type: "list_keys" })).code, "PERMISSION_DENIED");
    assert.equal((await ask(app, { type: "ping" }, "sk-wrong")).code, "INVALID_AUTH_TOKEN");
    assert.equal((await app.post({ type: "list_tasks" })).reply.code, "AUTHENTICATION_REQUIRED");
    const stranger = await app.connect();
    assert.equal(
      (await stranger.request({ type: "authenticate", api_key: "sk-no" })).code,
      "INVALID_AUTH_TOKEN",
    );

    const signedIn = await entriesOf(app, { action: "authenticate", outcome: "ok" });
    assert.deepEqual(signedIn.map(({ actor, target }) => [actor.id, target?.startsWith("session_")]), [[
      id,
      true,
    ]]);
    const denied = await entriesOf(app, { actor: id, outcome: "denied" });
    const summed = denied.map(({ action, code, details }) => [action, code, details.count]);
    assert.deepEqual(summed, [
      ["cancel_task", "PERMISSION_DENIED", undefined],
      ["list_keys", "PERMISSION_DENIED", undefined],
      ["cancel_task", "PERMISSION_DENIED", 20],
    ]);
    const strangers = await entriesOf(app, { actor: "anonymous", outcome: "denied" });
    assert.deepEqual(strangers.map(({ action, code, ip }) => [action, code, ip]).sort(), [
      ["authenticate", "INVALID_AUTH_TOKEN", "127.0.0.1"],
      ["authenticate", "INVALID_AUTH_TOKEN", "127.0.0.1"],
      ["list_tasks", "AUTHENTICATION_REQUIRED", "127.0.0.1"],
    ]);
  }));

Deno.test("a socket that shows a key at once has signed in; pages of others and closed doors are refusals", () =>
  withApp({ config: CONFIG }, async (app) => {
    const { id, api_key } = await keyOf(app, { name: "ci" });
    const response = await fetch(`${app.url}/metrics`);
    assert.equal(response.status, 401);
    await response.body?.cancel();
    const foreign = await fetch(`${app.url}/api`, {
      method: "POST",
      headers: { origin: "https://evil.example" },
    });
    assert.equal(foreign.status, 403);
    await foreign.body?.cancel();
    const socket = new WebSocket(
      app.url.replace("http", "ws") + "/ws",
      { headers: bearer(api_key) } as never,
    );
    await new Promise((resolve) => socket.onmessage = resolve);
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
    const entries = await entriesOf(app);
    const found = entries.map((
      { action, outcome, actor, details },
    ) => [action, outcome, actor.id, details.by]);
    assert.deepEqual(found.slice(1).sort(), [
      ["/metrics", "denied", undefined, undefined],
      ["authenticate", "ok", id, "socket"],
      ["connect", "denied", undefined, undefined],
    ]);
  }));

Deno.test("no secret enters the log: no key, token, variable, prompt, message or description", () => {
  Deno.env.set("AUDIT_TEST_TOKEN", "configured-secret-value");
  const agents = { scripted: { protocol: "acp", command: ["scripted"], pass_env: ["AUDIT_TEST_TOKEN"] } };
  return withApp({ config: { ...CONFIG, agents } }, async (app) => {
    const { id, api_key } = await keyOf(app, { name: "sk-abcdefghijklmnopqrstuvwxyzABCDEF" });
    const { session_token } = await ask(app, { type: "authenticate", api_key });
    const { api_key: rotated } = await ask(app, { type: "rotate_key", key_id: id });
    const execution = { env: { MY_PASSWORD: "hidden-in-variable" }, prompt: "hidden in prompt" };
    const more = {
      description: "hidden in description",
      execution,
      metadata: { note: "hidden in metadata" },
    };
    assert.equal((await ask(app, task("a", more))).type, "task_started");
    await ask(app, { type: "update_task", task_id: "a", changes: { description: "hidden in change" } });
    await ask(app, { type: "cancel_task", task_id: "configured-secret-value" });
    await ask(app, { type: "cancel_task", task_id: rotated });
    await ask(app, { type: "revoke_key", key_id: api_key });
    await ask(app, { type: "send_message", task_id: "a", message: "hidden in message" });
    await ask(app, { type: "authenticate", api_key: "hidden-in-wrong-key" });
    await ask(app, { type: "authenticate", token: "hidden-in-wrong-token" });
    const reason = "hidden: sk-proj-0123456789abcdef and eyJhbGciOi.eyJzdWIi.c2ln";
    await ask(app, { type: "update_rate_limits", suspend: { seconds: 1, reason: reason.slice(8) } });
    await ask(app, { type: "hidden_in_type" });
    const log = JSON.stringify(await entriesOf(app));
    for (const secret of [api_key, rotated, session_token, app.owner_token]) {
      assert.ok(!log.includes(secret), secret);
    }
    assert.ok(!/hidden|configured-secret-value|abcdefghijklmnop|0123456789abcdef|eyJ/.test(log), log);
    const changed = await entriesOf(app, { action: "update_task" });
    assert.deepEqual(changed[0]!.details, { changed: ["description"] });
  }).finally(() => Deno.env.delete("AUDIT_TEST_TOKEN"));
});

Deno.test("the log is read in pages, by filter, in both orders, and another program computes the same head", () =>
  withApp({ config: CONFIG }, async (app) => {
    for (let i = 0; i < 25; i++) await ask(app, task(`t${i}`));
    await ask(app, { type: "archive_tasks", task_ids: ["t1", "t2"], archived: true });
    const newest: AuditEntry[] = [];
    let cursor: string | undefined;
    do {
      const page = await ask(app, { type: "request_audit_log", limit: 7, cursor });
      assert.ok(page.entries.length <= 7);
      newest.push(...page.entries);
      cursor = page.next_cursor;
    } while (cursor);
    const oldest = await entriesOf(app);
    assert.deepEqual(newest.toReversed(), oldest);
    assert.deepEqual(outcomes(await entriesOf(app, { target: "t3" })), [["start_task", "ok", "t3"]]);
    assert.equal((await entriesOf(app, { target: "t2" })).length, 2, "also what names it among others");
    const { time } = oldest[10]!;
    assert.ok((await entriesOf(app, { end: time })).every((entry) => entry.time <= time));
    const wrong = { type: "request_audit_log", filter: { start: time, end: "2020-01-01T00:00:00Z" } };
    assert.equal((await ask(app, wrong)).code, "FILTER_VALIDATION_ERROR");
    assert.equal((await ask(app, { type: "request_audit_log", cursor: "?" })).code, "INVALID_FIELD_FORMAT");

    const verified = await ask(app, { type: "verify_audit_log" });
    assert.deepEqual([verified.ok, verified.entries, verified.first_bad_seq], [true, 26, undefined]);
    const found = await recomputed(oldest.map((entry) => JSON.stringify(entry)).join("\n"));
    assert.deepEqual(found, { node_1: { entries: 26, head: verified.head, bad: null } });
    await app.restart();
    assert.equal((await ask(app, { type: "verify_audit_log" })).head, verified.head);
  }));

async function signature(body: string, secret: string): Promise<string> {
  const bytes = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), hmac, false, ["sign"]);
  return `sha256=${new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes.encode(body))).toHex()}`;
}

Deno.test("deliveries to hooks and attachments have entries, of whoever sent them", () => {
  Deno.env.set("AUDIT_TEST_HOOK", "a secret of some length");
  const wanted = { type: "testing", priority: "low", description: "fix" };
  const template = { task: wanted, trigger: { secret_env: "AUDIT_TEST_HOOK" } };
  return withApp({ config: { ...CONFIG, templates: { fix: template } } }, async (app) => {
    const deliver = async (signed: string) => {
      const headers = { "x-hub-signature-256": await signature("{}", signed), "x-delivery-id": "d1" };
      const response = await fetch(`${app.url}/hooks/fix`, { method: "POST", body: "{}", headers });
      return { status: response.status, reply: JSON.parse(await response.text()) };
    };
    const { status, reply } = await deliver("a secret of some length");
    assert.equal(status, 202, JSON.stringify(reply));
    assert.equal((await deliver("another secret")).status, 401);
    const headers = { ...bearer(app.owner_token), "x-filename": "notes.txt" };
    const sent = await fetch(`${app.url}/attachments`, { method: "POST", body: "notes", headers });
    assert.equal(sent.status, 200, await sent.text());
    const entries = await entriesOf(app);
    assert.deepEqual(
      entries.map(({ action, outcome, actor, target }) => [action, outcome, actor.kind, target]),
      [
        ["receive_delivery", "ok", "hook", reply.task_id],
        ["receive_delivery", "denied", "anonymous", undefined],
        ["add_attachment", "ok", "owner", undefined],
      ],
    );
  }).finally(() => Deno.env.delete("AUDIT_TEST_HOOK"));
});

Deno.test("an answer that cannot be recorded does not reach the agent that waits for it", () => {
  const { state, tap } = refusing();
  const agents = { scripted: SCRIPTED };
  return withApp(
    { config: { ...CONFIG, security: { auth: "none" }, audit: { enabled: true }, agents }, tap },
    async (app) => {
      const socket = await app.connect();
      await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
      const execution = { prompt: "ask May I?; print done" };
      const fields = { id: "asks", type: "testing", priority: "medium", description: "asks", execution };
      await socket.request({ type: "start_task", task: fields });
      const { permission_id } = await socket.next((m) => m.type === "permission_request");
      const answer = (decision: string) =>
        socket.request({ type: "respond_to_permission", task_id: "asks", permission_id, decision });
      state.refuses = true;
      assert.equal((await answer("deny")).code, "DISK_SPACE_EXCEEDED");
      state.refuses = false;
      assert.equal((await answer("allow")).type, "permission_answered");
      await socket.next((m) => m.type === "task_status_update" && m.new_status === "completed");
      const { reply } = await app.post({ type: "get_task_result", task_id: "asks" });
      assert.match((reply.result as { output: string }).output, /^yes\ndone\n$/);
      const { reply: log } = await app.post({
        type: "request_audit_log",
        filter: { action: "respond_to_permission" },
      });
      assert.deepEqual(
        (log.entries as AuditEntry[]).map(({ outcome, details }) => [outcome, details.decision]),
        [
          ["ok", "allow"],
        ],
      );
    },
  );
});

Deno.test("an administrator verifies the log of a server without tenants", () =>
  withApp({ config: CONFIG }, async (app) => {
    const { api_key } = await keyOf(app, { name: "root", permissions: ["read", "write", "admin"] });
    assert.equal((await ask(app, { type: "verify_audit_log" }, api_key)).ok, true);
    assert.equal((await ask(app, { type: "request_audit_log" }, api_key)).entries.length, 1);
  }));

Deno.test("only administrators read the log; without it, that is said; with authentication it is kept by itself", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    const { api_key } = await keyOf(app, { name: "ci", permissions: ["read", "write"] });
    for (const type of ["request_audit_log", "verify_audit_log"]) {
      assert.equal((await ask(app, { type }, api_key)).code, "PERMISSION_DENIED");
    }
  });
  await withApp({ config: { ...CONFIG, audit: { enabled: false } } }, async (app) => {
    assert.equal((await ask(app, { type: "request_audit_log" })).code, "SERVICE_UNAVAILABLE");
    assert.equal((await ask(app, task("a"))).type, "task_started");
  });
  await withApp({ config: { ...CONFIG, security: { auth: "none" } } }, async (app) => {
    assert.equal((await app.post({ type: "request_audit_log" })).reply.code, "SERVICE_UNAVAILABLE");
  });
  const open = { ...CONFIG, security: { auth: "none" }, audit: { enabled: true } };
  await withApp({ config: open }, async (app) => {
    await app.post(task("a"));
    const { reply } = await app.post({ type: "request_audit_log" });
    const [{ action, actor }] = reply.entries as [AuditEntry];
    assert.deepEqual([action, actor.kind], ["start_task", "anonymous"]);
  });
});

Deno.test("a batch leaves the entries of its members", () =>
  withApp({ config: CONFIG }, async (app) => {
    const requests = ["a", "b", "c"].map((id) => task(id));
    await ask(app, { type: "batch", requests: [...requests, { type: "cancel_task", task_id: "nowhere" }] });
    assert.deepEqual(outcomes(await entriesOf(app)).sort(), [
      ["cancel_task", "failed", "nowhere"],
      ["start_task", "ok", "a"],
      ["start_task", "ok", "b"],
      ["start_task", "ok", "c"],
    ]);
  }));
