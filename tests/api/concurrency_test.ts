/** Keys of `tasks.concurrency`: how many tasks that share something run at once. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

Deno.test("tasks of one owner run one after the other, others pass them, and the waiting one says why", async () => {
  const config = {
    limits: { enabled: false },
    agents: { scripted: SCRIPTED },
    tasks: {
      default_agent: "scripted",
      max_concurrent: 10,
      concurrency: [{ by: "owner", limit: 1 }, { by: "type", limit: 1, only: ["testing"] }, {
        by: "working_dir",
        limit: 2,
        only: ["busy"],
      }],
    },
  };
  await withApp({ config }, async (app) => {
    await Deno.mkdir(`${app.dir}/busy`);
    await Deno.symlink(`${app.dir}/busy`, `${app.dir}/link`);
    const socket = await app.connect();
    const start = (id: string, more: Fields, execution: Fields = {}) =>
      socket.request({
        type: "start_task",
        task: {
          id,
          type: "feature",
          priority: "medium",
          description: id,
          execution: { prompt: `wait ${id}`, ...execution },
          ...more,
        },
      });
    const statusOf = async (id: string) =>
      (await socket.request({ type: "get_task_status", task_id: id })).task as Fields;
    const runs = (id: string) => until(async () => (await statusOf(id)).status === "running");
    await start("a1", { metadata: { owner: "ann" } });
    await runs("a1");
    await start("a2", { metadata: { owner: "ann" } });
    await start("b1", { metadata: { owner: "bob" } });
    await start("none", {});
    await runs("b1");
    await runs("none");
    const waits = await statusOf("a2");
    assert.equal(waits.status, "queued");
    assert.deepEqual(waits.waiting_for, { kind: "concurrency", by: "owner", task_ids: ["a1"] });
    await start("t1", { type: "testing" });
    await runs("t1");
    await start("t2", { type: "testing" });
    assert.deepEqual((await statusOf("t2")).waiting_for, {
      kind: "concurrency",
      by: "type",
      task_ids: ["t1"],
    });
    await start("f1", {}, { working_dir: "busy" });
    await start("f2", {}, { working_dir: "link" });
    await runs("f2");
    await start("f3", {}, { working_dir: `${app.dir}/link` });
    const third = (await statusOf("f3")).waiting_for as Fields;
    assert.deepEqual([third.by, (third.task_ids as string[]).toSorted()], ["working_dir", ["f1", "f2"]]);
    app.agents.open("a1");
    await runs("a2");
    for (const id of ["a2", "b1", "none", "t1", "t2", "f1", "f2", "f3"]) app.agents.open(id);
    await until(async () => (await statusOf("f3")).status === "completed");
  });
});

/** A server with these keys, and tasks that each wait at the gate of their own name. */
async function withKeys(
  concurrency: (dir: string) => Fields[],
  test: (app: TestApp, start: Start) => Promise<void>,
  more: Fields = {},
): Promise<void> {
  const config = (dir: string) => ({
    limits: { enabled: false },
    agents: { scripted: SCRIPTED, other: SCRIPTED },
    ...more,
    tasks: { default_agent: "scripted", max_concurrent: 20, concurrency: concurrency(dir) },
  });
  const dir = await Deno.makeTempDir();
  try {
    await withApp({ config: config(dir) }, async (app) => {
      await test(app, async (id, execution = {}, more = {}, parent) => {
        const token = parent === undefined ? undefined : await tokenOf(app, parent);
        const task = {
          id,
          type: "feature",
          priority: "medium",
          description: id,
          execution: { prompt: `wait ${id}`, ...execution },
          ...more,
        };
        const headers: Record<string, string> = token === undefined
          ? {}
          : { authorization: `Bearer ${token}` };
        const { reply } = await app.post({ type: "start_task", task }, headers);
        assert.equal(reply.type, "task_started", JSON.stringify(reply));
      });
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

type Start = (id: string, execution?: Fields, more?: Fields, parent?: string) => Promise<void>;

async function tokenOf(app: TestApp, task_id: string): Promise<string> {
  const run = () => app.agents.runs.findLast(({ request }) => request.task.id === task_id);
  await until(() => run() !== undefined);
  return run()!.request.access!.token;
}

async function taskOf(app: TestApp, task_id: string): Promise<Fields> {
  return (await app.post({ type: "get_task_status", task_id })).reply.task as Fields;
}

async function run(app: TestApp, ...ids: string[]): Promise<void> {
  for (const id of ids) await until(async () => (await taskOf(app, id)).status === "running");
}

/** Waits until both ways of asking say that the task is held up by these. */
async function isHeldUp(app: TestApp, id: string, by: string, ...task_ids: string[]): Promise<void> {
  const wanted = { kind: "concurrency", by, task_ids };
  await until(async () => ((await taskOf(app, id)).waiting_for as Fields)?.kind === "concurrency");
  const { reply } = await app.post({ type: "list_tasks", limit: 100 });
  const listed = (reply.tasks as Fields[]).find((task) => task.id === id)!;
  for (const { status, waiting_for } of [await taskOf(app, id), listed]) {
    const { task_ids = [], ...rest } = waiting_for as { task_ids?: string[] };
    assert.deepEqual([status, { ...rest, task_ids: task_ids.toSorted() }], ["queued", wanted]);
  }
}

Deno.test("only: a value that is not listed is not bounded, and each that is has a bound of its own", async () => {
  const keys = () => [
    { by: "agent", limit: 1, only: ["other"] },
    { by: "owner", limit: 1, only: ["ann", "bob"] },
  ];
  await withKeys(keys, async (app, start) => {
    for (const id of ["s1", "s2"]) await start(id);
    await run(app, "s1", "s2");
    await start("o1", { agent: "other" });
    await run(app, "o1");
    await start("o2", { agent: "other" });
    await isHeldUp(app, "o2", "agent", "o1");
    for (const owner of ["ann", "bob", "cid"]) {
      await start(`${owner}1`, {}, { metadata: { owner } });
      await run(app, `${owner}1`);
      await start(`${owner}2`, {}, { metadata: { owner } });
    }
    await run(app, "cid2");
    await isHeldUp(app, "ann2", "owner", "ann1");
    await isHeldUp(app, "bob2", "owner", "bob1");
    app.agents.open("bob1");
    await run(app, "bob2");
    await isHeldUp(app, "ann2", "owner", "ann1");
    await app.post({ type: "cancel_task", task_id: "o1" });
    await run(app, "o2");
  });
});

Deno.test("folders count by their real paths: of links in the configuration, of links on the way, of the default folder", async () => {
  const keys = (dir: string) => [{ by: "working_dir", limit: 1, only: [`${dir}/link`, "."] }];
  const dir = await Deno.makeTempDir();
  const config = {
    limits: { enabled: false },
    agents: { scripted: SCRIPTED },
    tasks: { default_agent: "scripted", max_concurrent: 20, concurrency: keys(dir), allowed_dirs: [dir] },
  };
  try {
    await Deno.mkdir(`${dir}/real/sub`, { recursive: true });
    await Deno.mkdir(`${dir}/outer`);
    await Deno.symlink("real", `${dir}/link`);
    await Deno.symlink(`${dir}/link`, `${dir}/outer/again`);
    await withApp({ config }, async (app) => {
      const start = async (id: string, working_dir: string) => {
        const task = { id, type: "feature", priority: "medium", description: id };
        const execution = { prompt: `wait ${id}`, working_dir };
        const { reply } = await app.post({ type: "start_task", task: { ...task, execution } });
        assert.equal(reply.type, "task_started", JSON.stringify(reply));
      };
      await start("first", `${dir}/real`);
      await run(app, "first");
      const names = [`${dir}/link`, `${dir}/outer/again`, `${dir}/outer/../real`, `${dir}/real/sub/..`];
      for (const [i, name] of names.entries()) {
        await start(`same${i}`, name);
        await isHeldUp(app, `same${i}`, "working_dir", "first");
      }
      // What is below it is another folder, and one that is not listed is free.
      for (const [id, name] of [["below1", `${dir}/link/sub`], ["below2", `${dir}/real/sub`]] as const) {
        await start(id, name);
        await run(app, id);
      }
      await app.post({ type: "cancel_task", task_id: "first" });
      await run(app, "same0");
      await isHeldUp(app, "same1", "working_dir", "same0");
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a delegated task waits for no key that a task above it holds, but for those of others", async () => {
  const keys = () => [{ by: "owner", limit: 1 }, { by: "agent", limit: 2 }];
  await withKeys(keys, async (app, start) => {
    const ann = { metadata: { owner: "ann" } };
    await start("top", {}, ann);
    await run(app, "top");
    await start("child", {}, ann, "top");
    await run(app, "child");
    await start("grandchild", {}, ann, "child");
    await run(app, "grandchild");
    // Neither is above the other.
    await start("sibling", {}, ann, "top");
    await isHeldUp(app, "sibling", "owner", "child", "grandchild");
    await start("stranger", {}, ann);
    await isHeldUp(app, "stranger", "owner", "child", "grandchild", "top");
    for (const id of ["grandchild", "child"]) app.agents.open(id);
    await run(app, "sibling");
    await isHeldUp(app, "stranger", "owner", "sibling", "top");
  });
});

Deno.test("tasks of one project are bounded by its name, whether they name it or work in its folder", async () => {
  const dir = await Deno.makeTempDir();
  const keys = () => [{ by: "project", limit: 1, only: ["web"] }];
  const projects = { web: { path: dir }, api: { path: dir } };
  try {
    await withKeys(keys, async (app, start) => {
      await start("w1", {}, { metadata: { project: "web" } });
      await run(app, "w1");
      await start("w2", {}, { metadata: { project: "web" } });
      await isHeldUp(app, "w2", "project", "w1");
      for (const id of ["a1", "a2"]) await start(id, {}, { metadata: { project: "api" } });
      await run(app, "a1", "a2");
    }, { projects });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
