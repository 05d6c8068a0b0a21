/** What tasks may cost: a bound of a task, budgets of a day. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { HookReceiver } from "../fixtures/hook_receiver.ts";
import { TALKATIVE } from "../fixtures/scripted_agents.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

function config(tasks: Fields = {}, more: Fields = {}): Fields {
  return {
    limits: { enabled: false },
    agents: { talks: TALKATIVE, runs: { protocol: "command", command: ["scripted"] } },
    ...more,
    tasks: { default_agent: "talks", timezone: "UTC", exclusive_folders: false, ...tasks },
  };
}

async function start(app: TestApp, id: string, prompt: string, execution: Fields = {}, more: Fields = {}) {
  const task = {
    id,
    type: "testing",
    priority: "medium",
    description: id,
    execution: { prompt, ...execution },
    ...more,
  };
  return (await app.post({ type: "start_task", task })).reply as Message;
}

async function started(app: TestApp, id: string, prompt: string, execution: Fields = {}, more: Fields = {}) {
  const reply = await start(app, id, prompt, execution, more);
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

async function taskOf(app: TestApp, id: string) {
  const { reply } = await app.post({ type: "get_task_status", task_id: id });
  // deno-lint-ignore no-explicit-any -- a task as JSON
  return (reply as any).task;
}

/** The token of the agent that runs this task. */
async function tokenOf(app: TestApp, task_id: string): Promise<string> {
  const run = () => app.agents.runs.findLast(({ request }) => request.task.id === task_id);
  await until(() => run() !== undefined);
  return run()!.request.access!.token;
}

async function becomes(app: TestApp, id: string, status: string) {
  await until(async () => (await taskOf(app, id)).status === status);
  return await taskOf(app, id);
}

Deno.test("a task that comes to its cost is ended, paused and gives its slot back; a raised bound lets its session go on", () =>
  withApp({ config: config({ max_concurrent: 1 }) }, async (app) => {
    await started(app, "t", "attempt 1: session s1; attempt 1: uses 10 5 0 0.6; attempt 1: hang; say done", {
      max_cost_usd: 0.5,
    });
    const held = await becomes(app, "t", "paused");
    assert.deepEqual(held.waiting_for, { kind: "budget" });
    assert.deepEqual([held.usage.cost_usd, held.usage.cost_source, held.usage.turns], [0.6, "reported", 1]);
    // Its slot is free.
    await started(app, "other", "print here");
    await becomes(app, "other", "completed");
    for (const max_cost_usd of [undefined, 0.4, 0.55]) {
      const { reply } = await app.post({ type: "resume_task", task_id: "t", max_cost_usd });
      const { code, details } = reply as unknown as { code: string; details: Fields };
      assert.deepEqual([code, details.field], ["INVALID_FIELD_VALUE", "max_cost_usd"]);
    }
    assert.equal(
      (await app.post({ type: "resume_task", task_id: "t", max_cost_usd: 2 })).reply.type,
      "task_resumed",
    );
    const done = await becomes(app, "t", "completed");
    assert.equal(app.agents.runs.at(-1)!.request.resume?.session_id, "s1");
    assert.deepEqual([done.execution.max_cost_usd, done.attempt, done.retry_count], [2, 2, 0]);
  }));

Deno.test("a turn that ends before its bound is seen is completed; what would go on after it is held", () =>
  withApp({ config: config() }, async (app) => {
    await started(app, "t", "session s1; uses 900 200 0", { max_tokens: 1000, agent: "talks" });
    await becomes(app, "t", "completed");
    await app.post({ type: "send_message", task_id: "t", message: "print more" });
    const held = await becomes(app, "t", "paused");
    assert.deepEqual([held.waiting_for, held.queued_messages], [{ kind: "budget" }, 1]);
    await app.post({ type: "resume_task", task_id: "t", max_tokens: 5000 });
    await becomes(app, "t", "completed");
    assert.deepEqual(app.agents.runs.flatMap(({ prompts }) => prompts).at(-1), "print more");
  }));

Deno.test("a day's budget ends what runs and leaves tasks queued until midnight, while others go on", async () => {
  const projects = { dear: { path: "dear", budget_usd_per_day: 1 }, free: { path: "free" } };
  await withApp({ config: config({}, { projects }) }, async (app) => {
    for (const name of ["dear", "free"]) await Deno.mkdir(`${app.dir}/${name}`);
    const dear = { metadata: { project: "dear" } };
    await started(app, "waits", "attempt 1: session s1; hang", {}, dear);
    await becomes(app, "waits", "running");
    await started(app, "spends", "uses 10 10 0 1.5", {}, dear);
    await becomes(app, "spends", "completed");
    const held = await becomes(app, "waits", "queued");
    assert.equal(held.waiting_for.kind, "budget");
    assert.match(held.waiting_for.until, /T00:00:00.000Z$/);
    await started(app, "later", "print later", {}, dear);
    assert.equal((await taskOf(app, "later")).waiting_for.kind, "budget");
    const { reply } = await app.post({ type: "list_tasks", filter: { waiting_for: "budget" } });
    assert.equal((reply as { filtered_count: number }).filtered_count, 2);
    await started(app, "other", "print other", {}, { metadata: { project: "free" } });
    await becomes(app, "other", "completed");
  });
});

Deno.test("a day's budget counts over a restart", async () => {
  const options = { config: config({ budget_usd_per_day: 1 }) };
  await withApp(options, async (app) => {
    await started(app, "spends", "uses 10 10 0 2");
    await becomes(app, "spends", "completed");
    await app.restart();
    await started(app, "later", "print later");
    assert.equal((await taskOf(app, "later")).waiting_for.kind, "budget");
  });
});

Deno.test("what an agent has others do counts against its task's bound: all of them are ended, and go on when it is raised", async () => {
  const events = ["budget"];
  await using hooks = new HookReceiver();
  const notifications = [{ name: "hook", channel: "webhook", url: hooks.url, events }];
  await withApp({ config: config({}, { notifications }) }, async (app) => {
    await started(app, "up", "session u; wait end", { max_cost_usd: 1, max_attempts: 1 });
    const token = await tokenOf(app, "up");
    const below = async (id: string, prompt: string) => {
      const task = {
        id,
        type: "testing",
        priority: "low",
        description: id,
        execution: { prompt, isolation: "none" },
      };
      const { reply } = await app.post({ type: "start_task", task }, { authorization: `Bearer ${token}` });
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
    };
    await below("first", "session a; uses 10 5 0 0.85; say done");
    await becomes(app, "first", "completed");
    await until(async () => (await taskOf(app, "up")).delegated_usage?.cost_usd === 0.85);
    assert.equal((await taskOf(app, "up")).usage?.cost_usd ?? 0, 0);
    await hooks.gets(1);
    await below("second", "attempt 1: session b; attempt 1: uses 10 5 0 0.2; attempt 1: hang; say done");
    const held = await becomes(app, "up", "paused");
    assert.deepEqual(held.waiting_for, { kind: "budget" });
    assert.deepEqual((await becomes(app, "second", "queued")).waiting_for, { kind: "budget" });
    await hooks.gets(2);
    const told = hooks.received.map(({ body }) => JSON.parse(body)).map((
      { task, data },
    ) => [task.id, data.percent]);
    assert.deepEqual(told, [["up", 80], ["up", 100]]);
    const refused = (await app.post({ type: "resume_task", task_id: "up", max_cost_usd: 1.04 })).reply;
    assert.equal(refused.code, "INVALID_FIELD_VALUE");
    // It counts over a restart, and holds what is below.
    await app.restart(config({}, { notifications }));
    assert.deepEqual((await taskOf(app, "second")).waiting_for, { kind: "budget" });
    assert.equal((await taskOf(app, "up")).delegated_usage.cost_usd, 1.05);
    const { reply } = await app.post({ type: "resume_task", task_id: "up", max_cost_usd: 5 });
    assert.equal(reply.type, "task_resumed", JSON.stringify(reply));
    await becomes(app, "second", "completed");
    app.agents.open("end");
    await becomes(app, "up", "completed");
  });
});

Deno.test("a bound that could never be seen to be reached is refused", () => {
  const pricing = { known: { input: 1, output: 2 } };
  return withApp({ config: config({}, { pricing }) }, async (app) => {
    const refused = async (execution: Fields) => {
      const reply = await start(app, "t", "print here", execution);
      return [reply.code, (reply.details as Fields | undefined)?.field];
    };
    const cost = ["INVALID_FIELD_VALUE", "task.execution.max_cost_usd"];
    assert.deepEqual(await refused({ max_cost_usd: 1, model: "strange" }), cost);
    assert.deepEqual(await refused({ max_cost_usd: 1, agent: "runs" }), cost);
    assert.deepEqual(await refused({ max_tokens: 1, agent: "runs" }), [cost[0], "task.execution.max_tokens"]);
    app.agents.tellsCost = () => false;
    assert.deepEqual(await refused({ max_cost_usd: 1 }), cost);
    await started(app, "priced", "uses 1000000 500000 0; hang", {
      max_cost_usd: 1.5,
      model: "provider/known",
    });
    const held = await becomes(app, "priced", "paused");
    assert.deepEqual([held.usage.cost_usd, held.usage.cost_source], [2, "estimated"]);
    app.agents.tellsCost = () => true;
    await started(app, "told", "print here", { max_cost_usd: 1, model: "strange" });
  });
});
