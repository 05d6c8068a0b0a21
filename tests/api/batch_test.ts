/** A batch answers as its members would one after another, and those that do not depend on each other share commits. */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import type { Commit, KeyValue } from "../../src/store/kv/kv.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

/** One task holds the only slot, so that all others wait. */
const config = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted", max_concurrent: 1 },
};

function startOf(id: string, more: object = {}, execution: object = {}) {
  const task = { id, type: "testing", priority: "low", description: id, ...more };
  return { type: "start_task", task: { ...task, execution: { prompt: "print done", ...execution } } };
}

/** The server's replies to these members in one batch. */
async function batch(app: TestApp, requests: readonly unknown[]): Promise<Message[]> {
  const { reply } = await app.post({ type: "batch", requests });
  return reply.responses as Message[];
}

function shown({ type, code, task_id, task, details }: Message): unknown {
  const { id, status } = (task ?? {}) as { id?: string; status?: string };
  return code ? { code, dependency: (details as { dependency_id?: string }).dependency_id } : {
    type,
    id: task_id ?? id,
    status,
  };
}

/** A store whose commits take different numbers of turns; `sent` has those that store tasks. */
function slow(sent: Commit[]): (kv: KeyValue) => KeyValue {
  let count = 0;
  return (kv) => ({
    get: (key) => kv.get(key),
    list: (range) => kv.list(range),
    watch: (key, changed) => kv.watch(key, changed),
    close: () => kv.close(),
    async commit(commit) {
      if (commit.sets?.some(({ key }) => key[0] === "task")) sent.push(commit);
      for (let turns = count++ % 4; turns > 0; turns--) await setImmediate();
      return await kv.commit(commit);
    },
  });
}

async function occupySlot(app: TestApp): Promise<void> {
  await app.post(startOf("blocker", {}, { prompt: "wait end" }));
  await until(() => app.agents.runs.length === 1);
}

Deno.test("batch: new tasks share a commit, also those that depend on the same task", async () => {
  const sent: Commit[] = [];
  await withApp({ config, tap: slow(sent) }, async (app) => {
    await occupySlot(app);
    sent.length = 0;
    const many = await batch(app, Array.from({ length: 50 }, (_, i) => startOf(`t${i}`)));
    assert.deepEqual(
      many.map(({ type, task_id }) => [type, task_id]),
      many.map((_, i) => ["task_started", `t${i}`]),
    );
    assert.equal(sent.length, 1);
    sent.length = 0;
    const fan = await batch(app, [
      startOf("root"),
      ...Array.from({ length: 40 }, (_, i) => startOf(`leaf${i}`, { dependencies: ["root"] })),
    ]);
    assert.ok(fan.every(({ type }) => type === "task_started"));
    // The root, and those that depend on it.
    assert.equal(sent.length, 2);
    sent.length = 0;
    const cancelled = await batch(app, many.map(({ task_id }) => ({ type: "cancel_task", task_id })));
    assert.ok(cancelled.every(({ type }) => type === "task_cancelled"));
    assert.equal(sent.length, 1);
  });
});

Deno.test("batch: hostile combinations are answered as if the members came one by one", async () => {
  await withApp({ config, tap: slow([]) }, async (app) => {
    const replies = await batch(app, [
      startOf("a"),
      startOf("b"),
      startOf("a"),
      startOf("early", { dependencies: ["late"] }),
      startOf("late"),
      startOf("self", { dependencies: ["self"] }),
      startOf("c", { dependencies: ["a", "b"] }),
      startOf("bad", { priority: "urgent" }),
      { type: "cancel_task", task_id: "b" },
      { type: "get_task_status", task_id: "c" },
      { type: "cancel_task", task_id: "c" },
      startOf("d", { dependencies: ["c"] }),
      { type: "retry_task", task_id: "b" },
      { type: "get_task_status", task_id: "c" },
      { type: "get_task_status", task_id: "d" },
      { type: "list_tasks", filter: { status: "failed" } },
    ]);
    assert.deepEqual(replies.map(shown), [
      { type: "task_started", id: "a", status: "queued" },
      { type: "task_started", id: "b", status: "queued" },
      { code: "TASK_ALREADY_EXISTS", dependency: undefined },
      { code: "TASK_DEPENDENCY_ERROR", dependency: "late" },
      { type: "task_started", id: "late", status: "queued" },
      { code: "TASK_DEPENDENCY_ERROR", dependency: "self" },
      { type: "task_started", id: "c", status: "pending" },
      { code: "INVALID_FIELD_VALUE", dependency: undefined },
      { type: "task_cancelled", id: "b", status: undefined },
      { type: "task_status", id: "c", status: "failed" },
      { code: "INVALID_FIELD_VALUE", dependency: undefined },
      { type: "task_started", id: "d", status: "failed" },
      { type: "task_retried", id: "b", status: undefined },
      { type: "task_status", id: "c", status: "pending" },
      { type: "task_status", id: "d", status: "pending" },
      { type: "task_list", id: undefined, status: undefined },
    ]);
    // What exists when the member's turn has come, and nothing later.
    assert.deepEqual((replies[3]!.details as Message).available_tasks, ["a", "b"]);
    assert.deepEqual(replies.at(-1)!.tasks, []);
  });
});

Deno.test("batch: tasks of one priority run in the order of the members, whatever each check takes", async () => {
  await withApp({ config }, async (app) => {
    await occupySlot(app);
    // A folder is looked at before its task is stored.
    const folder = (i: number) => i % 3 === 0 ? { working_dir: app.dir } : {};
    await batch(app, Array.from({ length: 12 }, (_, i) => startOf(`n${i}`, {}, folder(i))));
    app.agents.open("end");
    await until(() => app.agents.runs.length === 13);
    const order = app.agents.runs.slice(1).map(({ request }) => request.task.id);
    assert.deepEqual(order, Array.from({ length: 12 }, (_, i) => `n${i}`));
  });
});

Deno.test("batch: limits count the members one by one, in order, and refuse only those beyond", async () => {
  const limits = { tasks_per_minute: 3, messages_per_minute: 100, burst_per_second: 6 };
  await withApp({ config: { ...config, limits } }, async (app) => {
    const replies = await batch(app, [
      startOf("a"),
      startOf("bad", { priority: "urgent" }),
      startOf("b"),
      startOf("c"),
      startOf("d"),
      { type: "ping" },
      { type: "ping" },
    ]);
    assert.deepEqual(replies.map(({ code, type }) => code ?? type), [
      "task_started",
      "INVALID_FIELD_VALUE",
      "task_started",
      "task_started",
      "RATE_LIMIT_EXCEEDED",
      "pong",
      "RATE_LIMIT_EXCEEDED",
    ]);
    assert.deepEqual([4, 6].map((i) => (replies[i]!.details as Message).limit), [
      "tasks_per_minute",
      "burst_per_second",
    ]);
  });
});

Deno.test("batch: each member asks as whoever the members before it have made the connection", async () => {
  const security = { auth: "required" };
  await withApp({ config: { ...config, security } }, async (app) => {
    const owner = { authorization: `Bearer ${app.owner_token}` };
    const { reply } = await app.post(
      { type: "create_key", key: { name: "reader", permissions: ["read"] } },
      owner,
    );
    const socket = await app.connect();
    await socket.request({ type: "authenticate", api_key: reply.api_key });
    const { responses } = await socket.request({
      type: "batch",
      requests: [
        startOf("a"),
        { type: "list_tasks" },
        { type: "authenticate", api_key: app.owner_token },
        startOf("b"),
        { type: "authenticate", api_key: reply.api_key },
        startOf("c"),
      ],
    }) as unknown as { responses: Message[] };
    assert.deepEqual(responses.map(({ code, type }) => code ?? type), [
      "PERMISSION_DENIED",
      "task_list",
      "authentication_success",
      "task_started",
      "authentication_success",
      "PERMISSION_DENIED",
    ]);
  });
});

const IDS = ["a", "b", "c", "d", "e"];
const scheduled_time = new Date(Date.now() + 30 * 86_400_000).toISOString();

/** Members whose ids begin with `prefix`. */
const member: fc.Arbitrary<(prefix: string) => object> = (() => {
  const id = fc.constantFrom(...IDS);
  const dependencies = fc.uniqueArray(fc.constantFrom(...IDS, "unknown"), { maxLength: 3 });
  const one = (type: string) => id.map((id) => (prefix: string) => ({ type, task_id: prefix + id }));
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ id, dependencies, working_dir: fc.option(fc.constant("."), { nil: undefined }) })
        .map(({ id, dependencies, working_dir }) => (prefix: string) =>
          startOf(
            prefix + id,
            { description: prefix, dependencies: dependencies.map((other) => prefix + other) },
            working_dir === undefined ? {} : { working_dir },
          )
        ),
    },
    {
      weight: 2,
      arbitrary: fc.record({ id, dependencies }).map(({ id, dependencies }) => (prefix: string) => ({
        type: "schedule_task",
        task: {
          id: prefix + id,
          type: "testing",
          priority: "low",
          description: prefix,
          scheduled_time,
          dependencies: dependencies.map((other) => prefix + other),
        },
      })),
    },
    { weight: 4, arbitrary: one("cancel_task") },
    { weight: 3, arbitrary: one("get_task_status") },
    { weight: 2, arbitrary: fc.oneof(one("retry_task"), one("pause_task"), one("resume_task")) },
    { weight: 2, arbitrary: fc.oneof(one("get_task_result"), one("unschedule_task")) },
    fc.constant((prefix: string) => ({
      type: "list_tasks",
      filter: { description_contains: prefix },
      sort: { field: "id" },
    })),
    fc.constant((prefix: string) => ({ type: "get_task_status", task_id: `${prefix} is no id` })),
    fc.constant(() => ({ type: "request_log_entries", filter: { agents: ["nobody"] } })),
  );
})();

/** Times differ between two executions, and what exists besides. */
const VARYING = new Set([
  "timestamp",
  "created_at",
  "completed_at",
  "total_count",
  "available_tasks",
  "current_time",
]);

function comparable(replies: readonly unknown[], prefix: string): unknown[] {
  const text = JSON.stringify(replies, (key, value) => VARYING.has(key) ? undefined : value);
  return JSON.parse(text.replaceAll(prefix, "P"));
}

Deno.test("batch: any members get the replies that they would get one after another", async () => {
  await withApp({ config, tap: slow([]) }, async (app) => {
    await occupySlot(app);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(member, { minLength: 2, maxLength: 16 }), async (members) => {
        const [together, alone] = [`t${++run}x_`, `a${run}x_`];
        const replies = await batch(app, members.map((one) => one(together)));
        const expected: unknown[] = [];
        for (const one of members) expected.push((await app.post(one(alone))).reply);
        assert.deepEqual(comparable(replies, together), comparable(expected, alone));
      }),
      { numRuns: 150 },
    );
  });
});
