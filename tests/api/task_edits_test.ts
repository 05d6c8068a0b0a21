/** `update_task` before the first attempt, and `archive_tasks` after the last. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const CONFIG = {
  limits: { enabled: false },
  agents: {
    acp: { protocol: "acp", command: ["scripted"] },
    other: { protocol: "acp", command: ["scripted"] },
  },
  tasks: { default_agent: "acp", max_concurrent: 1 },
};

async function start(app: TestApp, id: string, more: Fields = {}, token?: string): Promise<Fields> {
  const execution = { prompt: `wait ${id}` };
  const task = { id, type: "testing", priority: "medium", description: id, execution, ...more };
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await app.post({ type: "start_task", task }, headers)).reply;
}

async function update(app: TestApp, task_id: string, changes: Fields): Promise<Fields> {
  return (await app.post({ type: "update_task", task_id, changes })).reply;
}

async function archive(app: TestApp, task_ids: string[], archived?: boolean): Promise<Fields> {
  return (await app.post({ type: "archive_tasks", task_ids, archived })).reply;
}

async function taskOf(app: TestApp, id: string): Promise<Fields> {
  return (await app.post({ type: "get_task_status", task_id: id })).reply.task as Fields;
}

async function become(app: TestApp, status: string, ...ids: string[]): Promise<void> {
  for (const id of ids) await until(async () => (await taskOf(app, id)).status === status);
}

async function listed(app: TestApp, filter: Fields = {}): Promise<[string[], unknown, unknown]> {
  const { reply } = await app.post({ type: "list_tasks", filter, sort: { field: "id" } });
  const ids = (reply.tasks as Fields[]).map(({ id }) => id as string);
  return [ids, reply.total_count, reply.filtered_count];
}

/** One task runs, so that the others wait. */
async function busy(app: TestApp): Promise<void> {
  await start(app, "busy");
  await become(app, "running", "busy");
}

const started = (app: TestApp) => app.agents.runs.map(({ request }) => request.task.id);

Deno.test("update_task: the fields are replaced, the reply and the task show it, and it lasts", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    await busy(app);
    await start(app, "task", { metadata: { owner: "ann", tags: ["red"] }, timeout: 5000 });
    const changes = {
      description: "Something else",
      priority: "critical",
      timeout: 9000,
      metadata: { owner: "bob" },
      execution: { prompt: "print new", agent: "other", env: { A: "1" } },
    };
    const reply = await update(app, "task", changes);
    assert.equal(reply.type, "task_updated", JSON.stringify(reply));
    // The values of variables are not shown.
    const asShown = { ...changes, execution: { ...changes.execution, env: { A: "***" } } };
    const shown = (task: Fields) => Object.fromEntries(Object.keys(changes).map((key) => [key, task[key]]));
    assert.deepEqual(shown(reply.task as Fields), asShown);
    assert.deepEqual(await listed(app, { owner: "ann" }), [[], 2, 0]);
    assert.deepEqual(await listed(app, { owner: "bob", agent: "other" }), [["task"], 2, 1]);
    await app.restart();
    assert.deepEqual(shown(await taskOf(app, "task")), asShown);
    app.agents.open("busy");
    await become(app, "completed", "task");
    const { request } = app.agents.runs.findLast(({ request }) => request.task.id === "task")!;
    assert.deepEqual([request.task.prompt, request.agent_name, request.env], ["print new", "other", {
      A: "1",
    }]);
  });
});

Deno.test("update_task: the queue's order follows", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    await busy(app);
    for (const id of ["a", "b", "c"]) await start(app, id);
    await update(app, "c", { priority: "high" });
    await update(app, "a", { execution: { prompt: "wait a", priority_boost: -50 } });
    // It leaves the queue and comes back in another place.
    await app.post({ type: "pause_task", task_id: "b" });
    await update(app, "b", { priority: "critical" });
    assert.equal((await taskOf(app, "b")).status, "paused");
    await app.post({ type: "resume_task", task_id: "b" });
    for (const id of ["busy", "a", "b", "c"]) app.agents.open(id);
    await become(app, "completed", "a", "b", "c");
    assert.deepEqual(started(app), ["busy", "b", "c", "a"]);
  });
});

Deno.test("update_task: dependencies and times are waited for as they are now, and cycles are refused", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    await busy(app);
    await start(app, "a");
    await start(app, "b", { dependencies: ["a"] });
    await start(app, "c", { dependencies: ["b"] });
    const cycle = await update(app, "a", { dependencies: ["c"] });
    assert.equal(cycle.code, "TASK_DEPENDENCY_ERROR");
    assert.deepEqual((cycle.details as Fields).cycle, ["a", "c", "b", "a"]);
    assert.equal((await update(app, "a", { dependencies: ["a"] })).code, "TASK_DEPENDENCY_ERROR");
    assert.equal((await update(app, "a", { dependencies: ["none"] })).code, "TASK_DEPENDENCY_ERROR");
    assert.equal((await taskOf(app, "a")).status, "queued");
    await update(app, "c", { dependencies: [] });
    assert.equal((await taskOf(app, "c")).status, "queued");
    await update(app, "a", { dependencies: ["c"] });
    assert.deepEqual((await taskOf(app, "a")).waiting_for, { kind: "dependency", task_ids: ["c"] });
    const scheduled_time = new Date(Date.now() + 3_600_000).toISOString();
    await update(app, "c", { scheduled_time });
    assert.deepEqual((await taskOf(app, "c")).waiting_for, { kind: "time", until: scheduled_time });
    await app.post({ type: "cancel_task", task_id: "c" });
    assert.equal((await taskOf(app, "a")).error, "Dependency 'c' failed");
    assert.equal((await taskOf(app, "b")).status, "failed");
    // Of two that would make a cycle together, one is refused.
    await start(app, "x");
    await start(app, "y");
    await start(app, "z", { dependencies: ["y"] });
    const both = await Promise.all([
      update(app, "x", { dependencies: ["z"] }),
      update(app, "y", { dependencies: ["x"] }),
    ]);
    assert.deepEqual(both.map(({ type }) => type).sort(), ["error", "task_updated"]);
  });
});

Deno.test("update_task: a task fails at once with a new dependency that has failed, and its dependents with it", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    await start(app, "bad", { execution: { prompt: "exit 1", max_attempts: 1 } });
    await become(app, "failed", "bad");
    await busy(app);
    await start(app, "a");
    await start(app, "b", { dependencies: ["a"] });
    const { task } = await update(app, "a", { dependencies: ["bad"] }) as { task: Fields };
    assert.deepEqual([task.status, task.error], ["failed", "Dependency 'bad' failed"]);
    assert.equal((await taskOf(app, "b")).status, "failed");
  });
});

Deno.test("update_task: refusals have their code and field", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    await busy(app);
    await start(app, "task");
    const refused = async (id: string, changes: Fields) => {
      const { code, details } = await update(app, id, changes);
      return [code, (details as Fields)?.field];
    };
    assert.deepEqual(await refused("none", { priority: "low" }), ["TASK_NOT_FOUND", undefined]);
    const begun = await update(app, "busy", { priority: "low" });
    assert.deepEqual([begun.code, (begun.details as Fields).field], ["INVALID_FIELD_VALUE", "task_id"]);
    assert.equal((begun.details as Fields).current_status, "running");
    const invalid: [Fields, string, string][] = [
      [{ priority: "urgent" }, "INVALID_FIELD_VALUE", "changes.priority"],
      [{ description: "" }, "INVALID_FIELD_VALUE", "changes.description"],
      [{ description: null }, "INVALID_FIELD_TYPE", "changes.description"],
      [{ type: "coding" }, "INVALID_FIELD_VALUE", "changes.type"],
      [{ recurring: { interval: "daily" } }, "INVALID_FIELD_VALUE", "changes.recurring"],
      [{ execution: { agent: "nobody" } }, "INVALID_FIELD_VALUE", "changes.execution.agent"],
      [{ execution: { working_dir: "/" } }, "INVALID_FIELD_VALUE", "changes.execution.working_dir"],
      [{ execution: { attachments: ["none"] } }, "INVALID_FIELD_VALUE", "changes.execution.attachments[0]"],
      [{ metadata: { tags: ["a", "a"] } }, "INVALID_FIELD_VALUE", "changes.metadata.tags[1]"],
      [{ scheduled_time: new Date().toISOString() }, "INVALID_SCHEDULE_TIME", "changes.scheduled_time"],
    ];
    for (const [changes, code, field] of invalid) {
      assert.deepEqual(await refused("task", changes), [code, field], JSON.stringify(changes));
    }
    app.agents.open("busy");
    await become(app, "completed", "busy");
    assert.deepEqual(await refused("busy", { priority: "low" }), ["INVALID_FIELD_VALUE", "task_id"]);
  });
});

Deno.test("update_task: an agent may change what its task has started, within what it has", async () => {
  const config = { ...CONFIG, tasks: { ...CONFIG.tasks, max_concurrent: 2, permissions: "ask" } };
  await withApp({ config }, async (app) => {
    await busy(app);
    await start(app, "parent");
    await become(app, "running", "parent");
    await start(app, "strange");
    // A task is running before its agent is.
    const parent = () => app.agents.runs.find(({ request }) => request.task.id === "parent");
    await until(() => parent() !== undefined);
    const { token } = parent()!.request.access!;
    const headers = { authorization: `Bearer ${token}` };
    await start(app, "child", { dependencies: ["busy"] }, token);
    const ask = async (task_id: string, changes: Fields) =>
      (await app.post({ type: "update_task", task_id, changes }, headers)).reply;
    assert.equal((await ask("child", { priority: "high" })).type, "task_updated");
    assert.equal((await ask("strange", { priority: "high" })).code, "PERMISSION_DENIED");
    const more = await ask("child", { execution: { permissions: "allow" } });
    assert.deepEqual([more.code, (more.details as Fields).field], [
      "PERMISSION_DENIED",
      "changes.execution.permissions",
    ]);
    const { task } = await ask("child", { metadata: {}, execution: { prompt: "print x" } }) as {
      task: Fields;
    };
    assert.equal((task.metadata as Fields).parent_task, "parent");
    assert.equal((task.execution as Fields).permissions, "ask");
  });
});

Deno.test("archive_tasks: archived tasks are left out of lists and counts, unless they are asked for", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    const socket = await app.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["conversations"] });
    for (const id of ["a", "b", "c"]) {
      app.agents.open(id);
      await start(app, id);
    }
    await become(app, "completed", "a", "b", "c");
    await busy(app);
    assert.deepEqual((await archive(app, ["a", "b"])).task_ids, ["a", "b"]);
    await socket.next((message) =>
      message.type === "task_changed" && message.task_id === "b" &&
      (message.changed as string[]).includes("archived")
    );
    assert.deepEqual(await listed(app), [["busy", "c"], 2, 2]);
    assert.deepEqual(await listed(app, { status: "completed" }), [["c"], 2, 1]);
    assert.deepEqual(await listed(app, { archived: true }), [["a", "b"], 2, 2]);
    assert.deepEqual(await listed(app, { archived: "any" }), [["a", "b", "busy", "c"], 4, 4]);
    assert.deepEqual(await listed(app, { archived: false }), [["busy", "c"], 2, 2]);
    const { total_tasks } = (await app.post({ type: "request_status" })).reply;
    assert.equal(total_tasks, 2);
    assert.match(await (await fetch(`${app.url}/metrics`)).text(), /tasks\{status="completed"\} 1\n/);
    assert.equal((await taskOf(app, "a")).archived, true);
    assert.equal((await archive(app, ["a"])).type, "tasks_archived", "again");
    await app.restart();
    assert.deepEqual(await listed(app, { archived: true }), [["a", "b"], 2, 2]);
    await archive(app, ["a"], false);
    assert.deepEqual(await listed(app, { archived: true }), [["b"], 1, 1]);
    assert.equal((await taskOf(app, "a")).archived, undefined);
  });
});

Deno.test("archive_tasks: only finished tasks, all or none, and any number of them", async () => {
  const config = { ...CONFIG, tasks: { ...CONFIG.tasks, max_concurrent: 8 } };
  await withApp({ config }, async (app) => {
    await busy(app);
    const ids = Array.from({ length: 90 }, (_, i) => `t${i}`);
    await start(app, "gate", { execution: { prompt: "exit 1", max_attempts: 1 } });
    await become(app, "failed", "gate");
    await Promise.all(ids.map((id) => start(app, id, { dependencies: ["gate"] })));
    await become(app, "failed", ...ids);
    const refused = await archive(app, [...ids, "busy"]);
    assert.deepEqual([
      refused.code,
      (refused.details as Fields).field,
      (refused.details as Fields).current_status,
    ], [
      "INVALID_FIELD_VALUE",
      "task_ids[90]",
      "running",
    ]);
    assert.equal((await archive(app, ["t0", "none"])).code, "TASK_NOT_FOUND");
    assert.equal((await archive(app, [])).code, "INVALID_FIELD_VALUE");
    assert.equal((await archive(app, ["t0", "t0"])).code, "INVALID_FIELD_VALUE");
    assert.deepEqual(await listed(app, { archived: true }), [[], 0, 0]);
    assert.equal((await archive(app, ids)).type, "tasks_archived");
    assert.equal((await listed(app, { archived: true }))[1], 90);
    // What goes on again is no longer archived.
    await app.post({ type: "retry_task", task_id: "gate" });
    await until(async () => (await listed(app, { archived: true }))[1] === 0);
  });
});
