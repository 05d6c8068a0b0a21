/** Tenants (contract, section 11): whose everything is, quotas, and who may say so. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

const config = {
  security: { auth: "required" },
  limits: { enabled: false },
  tenants: { acme: {}, bolt: {} },
  agents: {
    mark: { protocol: "command", command: ["true"], sandbox: { kind: "none" } },
    bare: { protocol: "command", command: ["true"] },
  },
  tasks: { default_agent: "mark" },
};

const task = (id: string, more: object = {}) => ({
  id,
  type: "testing",
  priority: "medium",
  description: id,
  ...more,
});

/** What the owner, or the holder of the key, is answered. */
async function ask(app: TestApp, key: string, message: object): Promise<Message> {
  const { reply } = await app.post(message, { authorization: `Bearer ${key}` });
  return reply as Message;
}

async function keyOf(
  app: TestApp,
  tenant: string,
  permissions = ["read", "write", "admin"],
): Promise<string> {
  const key = { name: `of ${tenant}`, permissions, tenant };
  const reply = await ask(app, app.owner_token, { type: "create_key", key });
  assert.equal(reply.type, "key_created", JSON.stringify(reply));
  return reply.api_key as string;
}

const ids = ({ tasks }: Message) => (tasks as Message[]).map(({ id }) => id).sort();

Deno.test("two tenants have tasks of one id, and each sees its own alone", () =>
  withApp({ config }, async (app) => {
    const [acme, bolt] = [await keyOf(app, "acme"), await keyOf(app, "bolt")];
    for (const key of [acme, bolt, app.owner_token]) {
      assert.equal((await ask(app, key, { type: "start_task", task: task("same") })).type, "task_started");
    }
    assert.equal(
      (await ask(app, acme, { type: "start_task", task: task("same") })).code,
      "TASK_ALREADY_EXISTS",
    );
    assert.equal((await ask(app, acme, { type: "start_task", task: task("own") })).type, "task_started");
    assert.deepEqual(ids(await ask(app, acme, { type: "list_tasks" })), ["own", "same"]);
    assert.deepEqual(ids(await ask(app, bolt, { type: "list_tasks" })), ["same"]);
    assert.deepEqual(ids(await ask(app, app.owner_token, { type: "list_tasks" })), ["same"]);
    const all = await ask(app, app.owner_token, { type: "list_tasks", tenant: "*" });
    assert.deepEqual(
      (all.tasks as Message[]).map(({ id, tenant }) => `${tenant} ${id}`).sort(),
      ["acme own", "acme same", "bolt same", "default same"],
    );
    assert.deepEqual(ids(await ask(app, app.owner_token, { type: "list_tasks", tenant: "acme" })), [
      "own",
      "same",
    ]);
    // As if it were not there, to the letter.
    const theirs = await ask(app, bolt, { type: "get_task_status", task_id: "own" });
    const none = await ask(app, bolt, { type: "get_task_status", task_id: "no" });
    assert.equal(theirs.code, "TASK_NOT_FOUND");
    assert.equal(String(theirs.message).replace("own", "no"), none.message);
    assert.deepEqual(Object.keys(theirs.details as object), Object.keys(none.details as object));
    const { task: seen } = await ask(app, acme, { type: "get_task_status", task_id: "own" });
    assert.equal((seen as Message).id, "own");
    assert.deepEqual((seen as Message).created_by, {
      ...(seen as { created_by: object }).created_by,
      tenant: "acme",
    });
  }));

Deno.test("the root field `tenant`: what the owner and keys of all tenants may name, and others may not", () =>
  withApp({ config }, async (app) => {
    const [acme, wide] = [await keyOf(app, "acme"), await keyOf(app, "*")];
    for (const key of [app.owner_token, wide]) {
      const started = await ask(app, key, { type: "start_task", task: task("t"), tenant: "acme" });
      if (key === app.owner_token) assert.equal(started.type, "task_started");
      else assert.equal(started.code, "TASK_ALREADY_EXISTS");
      assert.equal((await ask(app, key, { type: "list_tasks", tenant: "none" })).code, "INVALID_FIELD_VALUE");
      assert.equal((await ask(app, key, { type: "list_tasks", tenant: 7 })).code, "INVALID_FIELD_TYPE");
      assert.equal(
        (await ask(app, key, { type: "get_task_status", task_id: "t", tenant: "*" })).code,
        "INVALID_FIELD_VALUE",
      );
      assert.equal(
        (await ask(app, key, { type: "get_task_status", task_id: "t", tenant: "acme" })).type,
        "task_status",
      );
    }
    assert.deepEqual(ids(await ask(app, acme, { type: "list_tasks", tenant: "acme" })), ["t"]);
    for (const tenant of ["bolt", "none", "*", "default"]) {
      assert.equal((await ask(app, acme, { type: "list_tasks", tenant })).code, "PERMISSION_DENIED");
    }
    const batch = { type: "batch", tenant: "acme", requests: [{ type: "get_task_status", task_id: "t" }] };
    const { responses } = await ask(app, app.owner_token, batch);
    assert.equal((responses as Message[])[0]!.type, "task_status", JSON.stringify(responses));
  }));

Deno.test("a tenant's admin sees to its keys and sessions, and changes nothing of the server", () =>
  withApp({ config }, async (app) => {
    const [acme, bolt] = [await keyOf(app, "acme"), await keyOf(app, "bolt")];
    const { keys } = await ask(app, acme, { type: "list_keys" });
    assert.deepEqual((keys as Message[]).map(({ name, tenant }) => [name, tenant]), [["of acme", "acme"]]);
    const made = await ask(app, acme, { type: "create_key", key: { name: "second", permissions: ["read"] } });
    assert.equal((made.key as Message).tenant, "acme");
    for (const tenant of ["bolt", "*", "default", "none"]) {
      const key = { name: "theirs", permissions: ["read"], tenant };
      assert.equal((await ask(app, acme, { type: "create_key", key })).code, "PERMISSION_DENIED");
    }
    const { keys: theirs } = await ask(app, bolt, { type: "list_keys" });
    const key_id = (theirs as Message[])[0]!.id;
    for (const type of ["revoke_key", "rotate_key"]) {
      const refused = await ask(app, acme, { type, key_id });
      assert.equal(refused.code, "INVALID_FIELD_VALUE");
      assert.ok(!JSON.stringify((refused.details as Message).expected).includes(String(key_id)));
    }
    for (
      const type of ["update_rate_limits", "request_rate_limits", "list_notifications", "request_metrics"]
    ) {
      assert.equal((await ask(app, acme, { type })).code, "PERMISSION_DENIED", type);
    }
    for (const [key, status] of [[acme, 403], [app.owner_token, 200]] as const) {
      const metrics = await fetch(`${app.url}/metrics`, { headers: { authorization: `Bearer ${key}` } });
      assert.equal(metrics.status, status);
      await metrics.body?.cancel();
    }
    const alone = { name: "none", permissions: ["read"], tenant: "none" };
    assert.equal(
      (await ask(app, app.owner_token, { type: "create_key", key: alone })).code,
      "INVALID_FIELD_VALUE",
    );
  }));

Deno.test("quotas bound a tenant: unfinished tasks, starts by the minute, agents", () =>
  withApp({
    config: {
      ...config,
      tenants: { acme: { max_tasks: 2, agents: ["mark"] }, bolt: { tasks_per_minute: 2 }, corp: {} },
      tasks: { ...config.tasks, max_concurrent: 1 },
    },
  }, async (app) => {
    const [acme, bolt, corp] = [await keyOf(app, "acme"), await keyOf(app, "bolt"), await keyOf(app, "corp")];
    const later = { scheduled_time: new Date(Date.now() + 3_600_000).toISOString() };
    for (const id of ["a", "b"]) {
      assert.equal(
        (await ask(app, acme, { type: "start_task", task: task(id, later) })).type,
        "task_started",
      );
    }
    const full = await ask(app, acme, { type: "start_task", task: task("c", later) });
    assert.deepEqual([full.code, (full.details as Message).limit], [
      "RATE_LIMIT_EXCEEDED",
      "tenant_max_tasks",
    ]);
    await ask(app, acme, { type: "cancel_task", task_id: "a" });
    assert.equal((await ask(app, acme, { type: "start_task", task: task("c", later) })).type, "task_started");
    const again = await ask(app, acme, { type: "retry_task", task_id: "a" });
    assert.equal(again.code, "RATE_LIMIT_EXCEEDED", "one that goes on is unfinished, too");
    await ask(app, acme, { type: "cancel_task", task_id: "c" });
    assert.equal((await ask(app, acme, { type: "retry_task", task_id: "a" })).type, "task_retried");
    for (const [id, expected] of [["a", "task_started"], ["b", "task_started"], ["c", "error"]]) {
      assert.equal((await ask(app, bolt, { type: "start_task", task: task(id!) })).type, expected);
    }
    for (const agent of ["bare", "none"]) {
      const other = task("x", { execution: { agent } });
      assert.equal((await ask(app, acme, { type: "start_task", task: other })).code, "PERMISSION_DENIED");
    }
    const bare = await ask(app, corp, {
      type: "start_task",
      task: task("x", { execution: { agent: "bare" } }),
    });
    assert.equal(bare.code, "PERMISSION_DENIED", "neither a sandbox nor a word that it has none");
  }));

Deno.test("pushes reach those of the task's tenant, with its own ids, and those of all tenants", () =>
  withApp({ config }, async (app) => {
    const keys = { acme: await keyOf(app, "acme"), bolt: await keyOf(app, "bolt"), owner: app.owner_token };
    const sockets = new Map<string, Awaited<ReturnType<TestApp["connect"]>>>();
    for (const [name, api_key] of Object.entries(keys)) {
      const socket = await app.connect();
      await socket.request({ type: "authenticate", api_key });
      await socket.request({
        type: "subscribe_to_updates",
        channels: ["task_status", "log_entries", "conversations", "task_progress"],
        ...name === "owner" && { tenant: "*" },
      });
      sockets.set(name, socket);
    }
    await ask(app, keys.acme, {
      type: "start_task",
      task: task("secret", { description: "print nothing-of-theirs" }),
    });
    const isEnd = (m: Message) =>
      m.type === "task_status_update" && m.task_id === "secret" && m.new_status === "completed";
    await sockets.get("acme")!.next(isEnd);
    const told = await sockets.get("owner")!.next(isEnd);
    assert.equal(told.tenant, "acme");
    // Its own task ends after all that could have been told of the other one.
    await ask(app, keys.bolt, { type: "start_task", task: task("mine", { description: "print x" }) });
    await sockets.get("bolt")!.next((m) => m.type === "task_status_update" && m.new_status === "completed");
    assert.ok(!JSON.stringify(sockets.get("bolt")!.messages).includes("theirs"));
    assert.ok(!JSON.stringify(sockets.get("acme")!.messages).includes("+"));
    const log = await ask(app, keys.acme, { type: "request_log_entries", filter: { agent: "secret" } });
    const { entries } = log.data as { entries: Message[] };
    assert.ok(entries.length > 0 && entries.every(({ agent }) => agent === "secret"), JSON.stringify(log));
    const { data } = await ask(app, keys.bolt, { type: "request_log_entries" });
    assert.ok(!JSON.stringify(data).includes("theirs"));
    await until(async () => {
      const { rows } = await ask(app, keys.bolt, { type: "request_usage", group_by: ["agent"] });
      return (rows as Message[]).length <= 1;
    });
  }));

Deno.test("the audit log: a tenant sees its own entries, and those of all tenants see and verify all", () =>
  withApp({ config: { ...config, audit: { enabled: true } } }, async (app) => {
    const [acme, bolt] = [await keyOf(app, "acme"), await keyOf(app, "bolt")];
    await ask(app, acme, { type: "start_task", task: task("ours") });
    await ask(app, app.owner_token, { type: "start_task", task: task("given"), tenant: "acme" });
    await ask(app, bolt, { type: "start_task", task: task("theirs") });
    const read = async (key: string, more: object = {}) => {
      const { entries } = await ask(app, key, {
        type: "request_audit_log",
        filter: { action: "start_task" },
        ...more,
      });
      return (entries as Message[]).map(({ target }) => target).sort();
    };
    assert.deepEqual(await read(acme), ["given", "ours"]);
    assert.deepEqual(await read(bolt), ["theirs"]);
    assert.deepEqual(await read(app.owner_token), []);
    assert.deepEqual(await read(app.owner_token, { tenant: "*" }), [
      "acme+given",
      "acme+ours",
      "bolt+theirs",
    ]);
    assert.equal((await ask(app, acme, { type: "verify_audit_log" })).code, "PERMISSION_DENIED");
    assert.equal((await ask(app, app.owner_token, { type: "verify_audit_log" })).ok, true);
  }));

Deno.test("a schedule's runs, and what a tenant's tasks depend on, are of the tenant", () =>
  withApp({ config }, async (app) => {
    const [acme, bolt] = [await keyOf(app, "acme"), await keyOf(app, "bolt")];
    const scheduled_time = new Date(Date.now() + 86_400_000).toISOString();
    const schedule = task("daily", {
      description: "print x",
      recurring: { interval: "daily" },
      scheduled_time,
    });
    for (const key of [acme, bolt]) {
      assert.equal((await ask(app, key, { type: "schedule_task", task: schedule })).type, "task_scheduled");
    }
    const run = await ask(app, acme, { type: "run_schedule", task_id: "daily" });
    assert.equal(run.type, "schedule_run", JSON.stringify(run));
    await until(async () => ids(await ask(app, acme, { type: "list_tasks" })).length === 1);
    assert.deepEqual(ids(await ask(app, bolt, { type: "list_tasks" })), []);
    const { schedules } = await ask(app, bolt, { type: "list_schedules" });
    assert.deepEqual((schedules as Message[]).map(({ task_id, id }) => task_id ?? id), ["daily"]);
    await ask(app, acme, { type: "start_task", task: task("first", { description: "hang" }) });
    const after = task("second", { dependencies: ["first"] });
    assert.equal((await ask(app, acme, { type: "start_task", task: after })).type, "task_started");
    const refused = await ask(app, bolt, { type: "start_task", task: after });
    assert.equal(refused.code, "TASK_DEPENDENCY_ERROR");
    assert.ok(!JSON.stringify(refused.details).includes("daily"), JSON.stringify(refused));
    const { task: waiting } = await ask(app, acme, { type: "get_task_status", task_id: "second" });
    assert.deepEqual((waiting as Message).waiting_for, { kind: "dependency", task_ids: ["first"] });
    assert.deepEqual((waiting as Message).dependencies, ["first"]);
  }));

Deno.test("those of all tenants are told what each uses; others are not", () =>
  withApp({ config: { ...config, tenants: { acme: { max_tasks: 9 }, bolt: {} } } }, async (app) => {
    const acme = await keyOf(app, "acme");
    await ask(app, acme, { type: "start_task", task: task("spends", { description: "uses 1 1 0 0.5" }) });
    await until(async () =>
      ((await ask(app, acme, { type: "get_task_status", task_id: "spends" })).task as Message).status ===
        "completed"
    );
    const { tenants } = await ask(app, app.owner_token, { type: "list_tenants" });
    assert.deepEqual(
      (tenants as Message[]).map(({ name, tasks, unfinished, keys, quota }) => ({
        name,
        tasks,
        unfinished,
        keys,
        quota,
      })),
      [
        { name: "default", tasks: 0, unfinished: 0, keys: 0, quota: {} },
        { name: "acme", tasks: 1, unfinished: 0, keys: 1, quota: { max_tasks: 9 } },
        { name: "bolt", tasks: 0, unfinished: 0, keys: 0, quota: {} },
      ],
    );
    assert.equal((tenants as Message[])[1]!.cost_usd_today, 0.5);
    assert.equal((await ask(app, acme, { type: "list_tenants" })).code, "PERMISSION_DENIED");
  }));

Deno.test("a tenant's tasks take no other tenant's attachments; those that the owner brings, each may use", () =>
  withApp({ config }, async (app) => {
    const [acme, bolt] = [await keyOf(app, "acme"), await keyOf(app, "bolt")];
    const brought = async (key: string) => {
      const headers = { authorization: `Bearer ${key}` };
      const response = await fetch(`${app.url}/attachments`, { method: "POST", body: "secret", headers });
      return (await response.json()).id as string;
    };
    const started = async (key: string, id: string, attachment: string) =>
      await ask(app, key, {
        type: "start_task",
        task: task(id, { execution: { attachments: [attachment] } }),
      });
    const [theirs, owners] = [await brought(acme), await brought(app.owner_token)];
    const refused = await started(bolt, "one", theirs);
    // As if it were not there, to the letter.
    const none = await started(bolt, "one", theirs.replace(/.$/, (last) => last === "0" ? "1" : "0"));
    assert.equal(refused.code, "INVALID_FIELD_VALUE");
    assert.equal(refused.message, none.message);
    assert.equal((await started(bolt, "one", owners)).type, "task_started");
    assert.equal((await started(acme, "one", theirs)).type, "task_started");
    assert.equal(
      (await ask(app, bolt, { type: "send_message", task_id: "one", message: "x", attachments: [theirs] }))
        .type,
      "error",
    );
  }));

Deno.test("who takes up the session of another tenant's task is not told its id", () =>
  withApp({
    config: {
      ...config,
      agents: { talk: { protocol: "acp", command: ["true"], sandbox: { kind: "none" } } },
      tasks: { default_agent: "talk" },
    },
  }, async (app) => {
    const scheduled_time = new Date(Date.now() + 86_400_000).toISOString();
    const takes = (id: string) => task(id, { scheduled_time, execution: { session: "one-session" } });
    const first = await ask(app, app.owner_token, { type: "start_task", task: takes("hidden-one") });
    assert.equal(first.type, "task_started", JSON.stringify(first));
    const own = await ask(app, app.owner_token, { type: "start_task", task: takes("second") });
    assert.equal((own.details as Message).task_id, "hidden-one", JSON.stringify(own));
    const acme = await keyOf(app, "acme");
    const refused = await ask(app, acme, { type: "start_task", task: takes("ours") });
    assert.equal(refused.code, "INVALID_FIELD_VALUE");
    assert.ok(!JSON.stringify(refused).includes("hidden-one"), JSON.stringify(refused));
  }));
