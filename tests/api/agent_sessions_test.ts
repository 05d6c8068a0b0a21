/** Agents' sessions: which are listed, who may have a task take one up, and that two never do so at once. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

// deno-lint-ignore no-explicit-any -- the test looks into messages of every type
type Message = Record<string, any>;

const ACP = { protocol: "acp", command: ["scripted"] };
const config = (more: Message = {}): Message => ({
  limits: { enabled: false },
  agents: { scripted: ACP, other: ACP, plain: SCRIPTED },
  ...more,
  tasks: { default_agent: "scripted", ...more.tasks },
});

const sent = async (app: TestApp, message: Message, token = app.owner_token): Promise<Message> =>
  (await app.post(message, { authorization: `Bearer ${token}` })).reply;

const start = (id: string, execution: Message, description = "session x; wait end") => ({
  type: "start_task",
  task: { id, type: "testing", priority: "low", description, execution },
});

async function ended(app: TestApp, task_id: string): Promise<Message> {
  const shown = async () => (await sent(app, { type: "get_task_status", task_id })).task;
  await until(async () => ["completed", "failed", "cancelled"].includes((await shown()).status));
  return await shown();
}

Deno.test("sessions: those in allowed folders are listed, and the same question is asked once", () =>
  withApp({ config: config() }, async (app) => {
    await Deno.mkdir(`${app.dir}/work`);
    await Deno.symlink(`${app.dir}/work`, `${app.dir}/link`);
    const here = { session_id: "a", working_dir: app.dir, title: "A", updated_at: "2026-01-01T00:00:00Z" };
    const work = { session_id: "b", working_dir: `${app.dir}/work` };
    const outside = [{ session_id: "c", working_dir: "/" }, {
      session_id: "d",
      working_dir: `${app.dir}/gone`,
    }];
    app.agents.kept.set("scripted", [here, ...outside, work]);
    const socket = await app.connect();
    const list = (more: Message = {}): Promise<Message> =>
      socket.request({ type: "list_agent_sessions", agent: "scripted", ...more });
    const twice = Promise.all([list(), list()]);
    const folder = list({ working_dir: `${app.dir}/link` });
    // They are carried out in this order, and answered later.
    await socket.request({ type: "ping" });
    app.agents.open("list scripted");
    for (const reply of await twice) {
      assert.deepEqual([reply.type, reply.agent, reply.sessions], ["agent_session_list", "scripted", [
        here,
        work,
      ]]);
    }
    assert.deepEqual((await folder).sessions, [work]);
    assert.deepEqual(app.agents.lists, [undefined, `${app.dir}/work`]);
  }));

Deno.test("sessions: what cannot be listed is refused with the reason", () =>
  withApp({ config: config() }, async (app) => {
    app.agents.open("list other");
    const refusals: [Message, string, string | undefined][] = [
      [{ agent: "nobody" }, "INVALID_FIELD_VALUE", "agent"],
      [{ agent: "plain" }, "INVALID_FIELD_VALUE", "agent"],
      [{ agent: "other" }, "SERVICE_UNAVAILABLE", undefined],
      [{ agent: "scripted", working_dir: "/" }, "INVALID_FIELD_VALUE", "task.execution.working_dir"],
    ];
    for (const [message, code, field] of refusals) {
      const reply = await sent(app, { type: "list_agent_sessions", ...message });
      assert.deepEqual([reply.code, reply.details?.field], [code, field], JSON.stringify(message));
    }
  }));

Deno.test("sessions: a task takes one up, shows it, and is alone in it until it has ended", () =>
  withApp({ config: config() }, async (app) => {
    const batch = {
      type: "batch",
      requests: [start("one", { session: "s1" }), start("two", { session: "s1" })],
    };
    const [first, second] = (await sent(app, batch)).responses;
    assert.equal(first.type, "task_started", JSON.stringify(first));
    assert.deepEqual([second.code, second.details.field, second.details.task_id], [
      "INVALID_FIELD_VALUE",
      "task.execution.session",
      "one",
    ]);
    await until(() => app.agents.runs.length === 1);
    assert.deepEqual(app.agents.runs[0]!.request.resume, {
      session_id: "s1",
      opened_at: undefined,
      cost: undefined,
      adopted: true,
    });
    const session = {
      agent: "scripted",
      session_id: "s1",
      working_dir: app.dir,
      command: "scripted --resume s1",
    };
    await until(async () =>
      (await sent(app, { type: "get_task_status", task_id: "one" })).task.agent_session
    );
    assert.deepEqual((await sent(app, { type: "list_tasks" })).tasks[0].agent_session, session);
    // Another agent's session may have the same id.
    assert.equal((await sent(app, start("other", { session: "s1", agent: "other" }))).type, "task_started");
    app.agents.open("end");
    assert.deepEqual((await ended(app, "one")).agent_session, session);
    assert.equal(
      (await sent(app, start("two", { session: "s1" }, "session x; exit 1"))).type,
      "task_started",
    );
    await ended(app, "two");
    // Neither is tried again while the other works in it.
    assert.equal(
      (await sent(app, start("three", { session: "s1" }, "session x; wait more"))).type,
      "task_started",
    );
    const retry = await sent(app, { type: "retry_task", task_id: "two" });
    assert.deepEqual([retry.code, retry.details.field], ["INVALID_FIELD_VALUE", "task_id"]);
    await sent(app, { type: "cancel_task", task_id: "three" });
    assert.equal((await sent(app, { type: "retry_task", task_id: "two", fresh: true })).type, "task_retried");
    await ended(app, "two");
    const last = app.agents.runs.findLast(({ request }) => request.task.id === "two")!;
    assert.equal(last.request.resume, undefined);
  }));

Deno.test("sessions: only an administrator may have one taken up, and only where that is possible", () =>
  withApp({ config: config({ security: { auth: "required" } }) }, async (app) => {
    const { api_key } = await sent(app, {
      type: "create_key",
      key: { name: "k", permissions: ["read", "write"] },
    });
    const later = { scheduled_time: new Date(Date.now() + 3_600_000).toISOString() };
    const messages = [
      start("one", { session: "s1" }),
      { type: "schedule_task", task: { ...start("two", { session: "s4" }).task, ...later } },
    ];
    for (const message of messages) {
      const reply = await sent(app, message, api_key);
      assert.deepEqual([reply.code, reply.details.permission], ["PERMISSION_DENIED", "admin"]);
      assert.ok(["task_started", "task_scheduled"].includes((await sent(app, message)).type), message.type);
    }
    const worktree = await sent(app, start("three", { session: "s2", isolation: "worktree" }));
    assert.deepEqual([worktree.code, worktree.details.field], [
      "INVALID_FIELD_VALUE",
      "task.execution.isolation",
    ]);
    const plain = await sent(app, start("three", { session: "s2", agent: "plain" }));
    assert.deepEqual([plain.code, plain.details.field], ["INVALID_FIELD_VALUE", "task.execution.session"]);
  }));
