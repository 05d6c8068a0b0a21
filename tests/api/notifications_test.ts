/** Notifications: who is told of what, when it is told again, and what survives. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import { NotificationTarget } from "../../src/domain/notification.ts";
import { ntfy } from "../../src/notify/carriers/ntfy.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { HookReceiver } from "../fixtures/hook_receiver.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

function config(notifications: Fields[], more: Fields = {}): Fields {
  return {
    limits: { enabled: false },
    agents: { scripted: SCRIPTED },
    tasks: { default_agent: "scripted", max_attempts: 1 },
    notifications,
    ...more,
  };
}

async function start(app: TestApp, id: string, prompt: string, more: Fields = {}): Promise<void> {
  const task = {
    id,
    type: "testing",
    priority: "medium",
    description: `about ${id}`,
    execution: { prompt },
    ...more,
  };
  const { reply } = await app.post({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

// deno-lint-ignore no-explicit-any
async function listed(app: TestApp): Promise<any[]> {
  // deno-lint-ignore no-explicit-any
  const { reply } = await app.post({ type: "list_notifications" }) as { reply: any };
  assert.equal(reply.type, "notification_list", JSON.stringify(reply));
  return reply.notifications;
}

async function hmac(body: string, secret: string): Promise<string> {
  const { createHmac } = await import("node:crypto");
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

Deno.test("a webhook gets the notice as JSON, signed, with its event and id", async () => {
  Deno.env.set("OA_TEST_HOOK_SECRET", "swordfish");
  await using hooks = new HookReceiver();
  const hook = {
    name: "hook",
    channel: "webhook",
    url: `${hooks.url}/hidden/place`,
    events: ["task_completed", "task_failed"],
    secret_env: "OA_TEST_HOOK_SECRET",
    headers: { Authorization: "Bearer abc" },
  };
  await withApp(
    { config: config([hook], { server: { public_url: "https://agents.example/" } }) },
    async (app) => {
      await start(app, "good", "print done", { metadata: { owner: "ann" } });
      await hooks.gets(1);
      await start(app, "bad", "exit 3");
      await hooks.gets(2);
      const [done, failed] = hooks.notices;
      assert.equal(done.event, "task_completed");
      assert.deepEqual(done.task, {
        id: "good",
        type: "testing",
        description: "about good",
        priority: "medium",
        status: "completed",
        owner: "ann",
      });
      assert.equal(done.url, "https://agents.example/#/tasks/good");
      assert.ok(!Number.isNaN(Date.parse(done.time)));
      assert.equal(failed.event, "task_failed");
      assert.equal(failed.data.failure.kind, "command_failed");
      for (const { headers, body, path } of hooks.received) {
        const { id, event } = JSON.parse(body);
        assert.equal(path, "/hidden/place");
        assert.equal(headers.get("authorization"), "Bearer abc");
        assert.equal(headers.get("content-type"), "application/json");
        assert.equal(headers.get("x-opencode-agents-event"), event);
        assert.equal(headers.get("x-opencode-agents-delivery"), id);
        assert.equal(headers.get("x-opencode-agents-signature"), await hmac(body, "swordfish"));
      }
      assert.notEqual(done.id, failed.id);
      await until(async () => (await listed(app))[0].waiting === 0);
      const [shown] = await listed(app);
      assert.ok(shown.last_delivery);
      assert.equal(shown.last_error, undefined);
      assert.doesNotMatch(JSON.stringify(shown), /hidden|abc|swordfish/);
    },
  );
});

Deno.test("what cannot be delivered is tried again under its id, also by the next server, and counts once", async () => {
  await using hooks = new HookReceiver();
  hooks.answer = () => new Response(null, { status: 503 });
  const hook = { name: "hook", channel: "webhook", url: hooks.url, events: ["task_completed"] };
  await withApp({ config: config([hook]) }, async (app) => {
    await start(app, "one", "print done");
    await hooks.gets(2);
    const [first, second] = hooks.notices;
    assert.equal(first.id, second.id);
    const [shown] = await listed(app);
    assert.deepEqual([shown.waiting, shown.last_error], [1, "it answered 503"]);
    await app.restart();
    const before = hooks.received.length;
    hooks.answer = () => new Response(null, { status: 204 });
    await hooks.gets(before + 1);
    assert.equal(hooks.notices.at(-1).id, first.id);
    await until(async () => (await listed(app))[0].waiting === 0);
    const after = hooks.received.length;
    await app.restart();
    await start(app, "two", "print done");
    await hooks.gets(after + 1);
    assert.deepEqual(hooks.told.slice(after), ["task_completed two"]);
    assert.equal((await listed(app))[0].last_error, undefined);
  });
});

Deno.test("a redirect is not followed, and is no delivery", async () => {
  await using hooks = new HookReceiver();
  hooks.answer = ({ path }) => path === "/" ? Response.redirect(`${hooks.url}/else`) : new Response();
  const hook = { name: "hook", channel: "webhook", url: hooks.url, events: ["task_completed"] };
  await withApp({ config: config([hook]) }, async (app) => {
    const { reply } = await app.post({ type: "test_notification", name: "hook" });
    assert.deepEqual([reply.type, reply.delivered, reply.status], ["notification_tested", false, 302]);
    assert.match(String(reply.error), /redirects are not followed/);
    assert.deepEqual(hooks.received.map(({ path }) => path), ["/"]);
  });
});

Deno.test("notices of a task arrive in order, and one that fails holds up no other task and no other target", async () => {
  await using hooks = new HookReceiver();
  await using others = new HookReceiver();
  let isDown = true;
  hooks.answer = ({ body }) => new Response(null, { status: isDown && body.includes('"bad"') ? 500 : 200 });
  const events = ["permission_requested", "task_completed", "task_failed"];
  const targets = [
    { name: "hook", channel: "webhook", url: hooks.url, events },
    { name: "other", channel: "webhook", url: others.url, events },
  ];
  await withApp({ config: config(targets) }, async (app) => {
    await start(app, "bad", "ask May I?; exit 3");
    await others.gets(1);
    const { permission_id, title, options } = others.notices[0].data;
    assert.deepEqual([title, options.length], ["May I?", 2]);
    const answer = { type: "respond_to_permission", task_id: "bad", permission_id, decision: "deny" };
    assert.equal((await app.post(answer)).reply.type, "permission_answered");
    await start(app, "good", "print done");
    await others.gets(3);
    await until(() => hooks.told.includes("task_completed good"));
    assert.ok(!hooks.told.includes("task_failed bad"), "the second notice waits for the first");
    isDown = false;
    await until(() => hooks.told.includes("task_failed bad"));
    const last = hooks.told.filter((told) => told.endsWith("bad")).slice(-2);
    assert.deepEqual(last, ["permission_requested bad", "task_failed bad"]);
    assert.deepEqual(others.told.filter((told) => told.endsWith("bad")), [
      "permission_requested bad",
      "task_failed bad",
    ]);
  });
});

Deno.test("a target hears only of its project, of priorities from its own on, and of its events", async () => {
  await using hooks = new HookReceiver();
  const targets = [
    {
      name: "shop",
      channel: "webhook",
      url: `${hooks.url}/shop`,
      events: ["task_completed"],
      project: "shop",
    },
    {
      name: "high",
      channel: "webhook",
      url: `${hooks.url}/high`,
      events: ["task_completed"],
      min_priority: "high",
    },
    { name: "failed", channel: "webhook", url: `${hooks.url}/failed`, events: ["task_failed"] },
    {
      name: "label",
      channel: "webhook",
      url: `${hooks.url}/label`,
      events: ["task_failed"],
      project: "label",
    },
  ];
  await withApp({ config: config(targets, { projects: { shop: { path: "shop" } } }) }, async (app) => {
    await Deno.mkdir(`${app.dir}/shop`);
    const elsewhere = { metadata: { project: "label" } };
    await start(app, "a", "print done", { priority: "critical", ...elsewhere });
    await start(app, "b", "print done", { priority: "low", metadata: { project: "shop" } });
    await start(app, "c", "print done", { ...elsewhere });
    await start(app, "d", "exit 1", elsewhere);
    await start(app, "e", "exit 1", { metadata: { project: "shop" } });
    await hooks.gets(5);
    await until(async () => (await listed(app)).every(({ waiting }) => waiting === 0));
    const told = hooks.received.map(({ path, body }) => `${path} ${JSON.parse(body).task.id}`).sort();
    assert.deepEqual(told, ["/failed d", "/failed e", "/high a", "/label d", "/shop b"]);
  });
});

Deno.test("ntfy gets a title, a text and a link; a command gets the notice on stdin", async () => {
  await using hooks = new HookReceiver();
  const file = await Deno.makeTempFile();
  Deno.env.set("OA_TEST_TOLD_SECRET", "mellon-and-more");
  Deno.env.set("OA_TEST_OTHER_TOKEN", "of-no-target");
  const targets = [
    { name: "phone", channel: "ntfy", url: `${hooks.url}/`, topic: "my-topic", events: ["task_failed"] },
    {
      name: "program",
      channel: "command",
      command: ["sh", "-c", 'cat > "$0"', file],
      events: ["task_failed"],
    },
    {
      name: "broken",
      channel: "command",
      command: ["sh", "-c", "echo oh no >&2; exit 4"],
      events: ["report"],
    },
    {
      name: "talkative",
      channel: "command",
      secret_env: "OA_TEST_TOLD_SECRET",
      command: [
        "sh",
        "-c",
        `echo "${"x".repeat(265)} no, $OA_TEST_TOLD_SECRET $OA_TEST_OTHER_TOKEN" >&2; exit 4`,
      ],
      events: ["report"],
    },
    { name: "missing", channel: "command", command: ["/no/such/program"], events: ["report"] },
  ];
  await withApp({ config: config(targets) }, async (app) => {
    await start(app, "bad", "exit 3", { description: "größer" });
    await hooks.gets(1);
    const [{ path, headers, body }] = hooks.received as [typeof hooks.received[0]];
    assert.equal(path, "/my-topic");
    assert.equal(headers.get("title"), "Task failed");
    assert.equal(headers.get("click"), `${app.url}/#/tasks/bad`);
    assert.match(body, /größer/);
    await until(async () => (await Deno.readTextFile(file)) !== "");
    const notice = JSON.parse(await Deno.readTextFile(file));
    assert.deepEqual([notice.event, notice.task.id], ["task_failed", "bad"]);
    const test = async (name: string) => (await app.post({ type: "test_notification", name })).reply;
    const broken = await test("broken");
    assert.deepEqual([broken.delivered, broken.status, broken.error], [false, 4, "it ended with 4: oh no"]);
    const { error } = await test("talkative");
    assert.match(String(error), /^it ended with 4: x+ no, \*/);
    assert.doesNotMatch(String(error), /mellon|of-no/);
    const missing = await test("missing");
    assert.equal(missing.delivered, false);
    assert.match(String(missing.error), /cannot be run/);
    assert.equal((await test("program")).delivered, true);
    const unknown = await test("nobody");
    assert.deepEqual([unknown.type, unknown.code], ["error", "INVALID_FIELD_VALUE"]);
    assert.doesNotMatch(JSON.stringify(await listed(app)), /my-topic/);
  });
  await Deno.remove(file);
});

Deno.test("ntfy: a report is shown as Markdown, all else as it is written", async () => {
  await using hooks = new HookReceiver();
  const target = NotificationTarget.parse({
    name: "phone",
    channel: "ntfy",
    url: hooks.url,
    topic: "t",
    events: ["report"],
  });
  assert.ok(target.channel === "ntfy");
  const parcel = { id: "1", body: "{}", title: "t", text: "# x", url: "http://127.0.0.1/", isUrgent: false };
  const run = () => Promise.reject(new Error("no program is run"));
  const context = { clock: systemClock, run, env: {}, signal: new AbortController().signal };
  for (const event of ["report", "task_failed"]) {
    assert.ok((await ntfy(target, { ...parcel, event }, undefined, context)).delivered);
  }
  assert.deepEqual(hooks.received.map(({ headers }) => headers.get("markdown")), ["yes", null]);
});

Deno.test("a schedule that is paused after failed runs is told of, once, whoever tells of missed schedules", async () => {
  await using hooks = new HookReceiver();
  const hook = { name: "hook", channel: "webhook", url: hooks.url, events: ["schedule_missed"] };
  await withApp({ config: config([hook]) }, async (app) => {
    const ask = async (message: Fields) => (await app.post(message)).reply;
    const task = {
      id: "nightly",
      type: "testing",
      priority: "low",
      description: "fails",
      execution: { prompt: "exit 3" },
      scheduled_time: new Date(Date.now() + 86_400_000).toISOString(),
      recurring: { interval: "daily", pause_after_failures: 2 },
    };
    assert.equal((await ask({ type: "schedule_task", task })).type, "task_scheduled");
    for (const number of [1, 2]) {
      const { run_id } = await ask({ type: "run_schedule", task_id: "nightly" });
      assert.equal(run_id, `nightly_run_${number}`);
      await until(async () => {
        const { task } = await ask({ type: "get_task_status", task_id: run_id });
        return (task as Fields).status === "failed";
      });
    }
    await hooks.gets(1);
    const { data } = JSON.parse(hooks.received[0]!.body);
    assert.deepEqual(data, {
      task_id: "nightly",
      reason: "failures",
      failures: 2,
      last_run: "nightly_run_2",
    });
    // A person who pauses it himself is told nothing.
    await ask({ type: "resume_schedule", task_id: "nightly" });
    await ask({ type: "pause_schedule", task_id: "nightly" });
    assert.equal(
      (await ask({ type: "get_task_status", task_id: "nightly" }) as { task: Fields }).task.status,
      "paused",
    );
    await until(async () => (await listed(app)).every(({ waiting }) => waiting === 0));
    assert.equal(hooks.received.length, 1);
  });
});

/** Whose reports were due a few minutes ago. */
function lately(): string {
  return new Date(Date.now() - 5 * 60_000).toISOString().slice(11, 16);
}

Deno.test("the daily report is told once, also if the server was down at its time, each target the one of its project", async () => {
  await using hooks = new HookReceiver();
  const events = ["report", "task_failed"];
  const at = { channel: "webhook", events, at: lately(), timezone: "UTC" };
  const later = new Date(Date.now() + 12 * 3_600_000).toISOString().slice(11, 16);
  const targets = [
    { ...at, name: "all", url: `${hooks.url}/all` },
    { ...at, name: "later", url: `${hooks.url}/later`, at: later },
  ];
  const shop = { ...at, name: "shop", url: `${hooks.url}/shop`, project: "shop" };
  const projects = { projects: { shop: { path: "shop" } } };
  await withApp({ config: config([], projects) }, async (app) => {
    await Deno.mkdir(`${app.dir}/shop`);
    await start(app, "a", "print done", { metadata: { project: "shop" } });
    await start(app, "b", "print done");
    await until(async () =>
      (await app.post({ type: "list_tasks", filter: { status: "completed" } })).reply.filtered_count === 2
    );
    await app.restart(config([...targets, shop], projects));
    await hooks.gets(2);
    const byPath = new Map(hooks.received.map(({ path, body }) => [path, JSON.parse(body)]));
    assert.deepEqual([...byPath.keys()].sort(), ["/all", "/shop"]);
    const [all, own] = [byPath.get("/all"), byPath.get("/shop")];
    assert.deepEqual([all.event, all.task, own.event], ["report", undefined, "report"]);
    const { reply } = await app.post({ type: "create_report", kind: "daily" });
    // The moment stands in the first line.
    const rest = (report: string) => report.split("\n").slice(1);
    assert.deepEqual(rest(all.data.report), rest(String(reply.content)));
    assert.match(all.data.report, /about b/);
    assert.match(own.data.report, /about a/);
    assert.doesNotMatch(own.data.report, /about b/);
    await until(async () => (await listed(app)).every(({ waiting }) => waiting === 0));
    await app.restart();
    await start(app, "c", "exit 1");
    await hooks.gets(4);
    assert.deepEqual(hooks.told.slice(2), ["task_failed c", "task_failed c"]);
  });
});

Deno.test("a notice is stored in the commit of the change that it tells of", async () => {
  await using hooks = new HookReceiver();
  hooks.answer = () => new Response(null, { status: 500 });
  const hook = { name: "hook", channel: "webhook", url: hooks.url, events: ["task_completed"] };
  let together = 0;
  const decoder = new TextDecoder();
  await withApp({
    config: config([hook]),
    tap: (kv) => ({
      get: (key) => kv.get(key),
      list: (range) => kv.list(range),
      watch: (key, changed) => kv.watch(key, changed),
      close: () => kv.close(),
      commit(commit) {
        const sets = commit.sets?.map(({ key, value }) => `${key[0]} ${decoder.decode(value)}`) ?? [];
        const has = (kind: string, text: string) =>
          sets.some((set) => set.startsWith(kind) && set.includes(text));
        if (has("task ", '"completed"') && has("notice ", '"tries":0')) together++;
        return kv.commit(commit);
      },
    }),
  }, async (app) => {
    await start(app, "one", "print done");
    await hooks.gets(1);
    assert.equal(together, 1);
  });
});
