/** `tasks.exclusive_folders`: agents that speak ACP do not work in the same repository at once. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const CONFIG = {
  limits: { enabled: false },
  agents: {
    acp: { protocol: "acp", command: ["scripted"] },
    command: { protocol: "command", command: ["scripted"] },
  },
  tasks: { default_agent: "acp", exclusive_folders: true, max_concurrent: 9 },
};
const ONE_SLOT = { ...CONFIG, tasks: { ...CONFIG.tasks, max_concurrent: 1 } };

/** Each task waits at the gate of its own name. `token`: that of who asks for it. */
async function start(
  app: TestApp,
  id: string,
  execution: Fields = {},
  more: Fields = {},
  token?: string,
): Promise<void> {
  const message = {
    type: "start_task",
    task: {
      id,
      type: "testing",
      priority: "medium",
      description: id,
      execution: { prompt: `session ${id}; wait ${id}`, ...execution },
      ...more,
    },
  };
  const { reply } = await app.post(message, token === undefined ? {} : { authorization: `Bearer ${token}` });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

/** The agent of the running task `parent` starts one. */
async function delegate(app: TestApp, parent: string, id: string, execution: Fields = {}): Promise<void> {
  const run = () => app.agents.runs.findLast(({ request }) => request.task.id === parent);
  await until(() => run() !== undefined);
  await start(app, id, execution, {}, run()!.request.access!.token);
}

async function tasksOf(app: TestApp): Promise<Map<string, Fields>> {
  const { reply } = await app.post({ type: "list_tasks", limit: 100 });
  return new Map((reply.tasks as Fields[]).map((task) => [task.id as string, task]));
}

async function taskOf(app: TestApp, id: string): Promise<Fields> {
  return (await app.post({ type: "get_task_status", task_id: id })).reply.task as Fields;
}

async function become(app: TestApp, status: string, ...ids: string[]): Promise<void> {
  await until(async () => {
    const tasks = await tasksOf(app);
    return ids.every((id) => tasks.get(id)?.status === status);
  });
}

const held = (...task_ids: string[]) => ({ kind: "concurrency", by: "working_dir", task_ids });

/** Waits until the task is held up by these, and asserts that both ways of asking say so. */
async function isHeldUp(app: TestApp, id: string, ...by: string[]): Promise<void> {
  await until(async () => ((await taskOf(app, id)).waiting_for as Fields)?.kind === "concurrency");
  assert.deepEqual((await taskOf(app, id)).waiting_for, held(...by));
  const listed = (await tasksOf(app)).get(id)!;
  assert.deepEqual([listed.status, listed.waiting_for], ["queued", held(...by)]);
}

async function folder(app: TestApp, path: string): Promise<string> {
  await Deno.mkdir(`${app.dir}/${path}`, { recursive: true });
  return `${app.dir}/${path}`;
}

async function git(dir: string, ...args: string[]): Promise<void> {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
  const { success, stderr } = await new Deno.Command("git", { args: ["-C", dir, ...identity, ...args] })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

Deno.test("exclusive folders: the later task of a repository waits for the one that works there, and holds up no other", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    const repository = await folder(app, "repository");
    await git(repository, "init", "--quiet");
    const inside = await folder(app, "repository/packages/a");
    await Deno.symlink(inside, `${app.dir}/link`);
    await start(app, "first", { working_dir: repository });
    await become(app, "running", "first");
    await start(app, "second", { working_dir: inside }, { priority: "high" });
    await start(app, "third", { working_dir: "link" });
    await isHeldUp(app, "second", "first");
    await isHeldUp(app, "third", "first");
    await start(app, "elsewhere", { working_dir: await folder(app, "other") });
    await start(app, "by_command", { working_dir: repository, agent: "command" });
    await become(app, "running", "elsewhere", "by_command");
    await isHeldUp(app, "second", "first");
    app.agents.open("first");
    await become(app, "running", "second");
    await isHeldUp(app, "third", "second");
    await app.post({ type: "cancel_task", task_id: "second" });
    await become(app, "running", "third");
    assert.equal((await taskOf(app, "third")).waiting_for, undefined);
  });
});

Deno.test("exclusive folders: without the setting, tasks share a folder", async () => {
  await withApp({ config: { ...CONFIG, tasks: { default_agent: "acp" } } }, async (app) => {
    await start(app, "first");
    await start(app, "second");
    await become(app, "running", "first", "second");
  });
});

Deno.test("exclusive folders: worktrees, submodules and nested repositories are places of their own", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    const main = await folder(app, "main");
    await git(main, "init", "--quiet", "--initial-branch=main");
    await git(main, "commit", "--quiet", "--allow-empty", "-m", "first");
    await git(main, "worktree", "add", "--quiet", "-b", "side", `${app.dir}/side`);
    await git(await folder(app, "main/nested"), "init", "--quiet");
    await git(main, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", main, "module");
    await start(app, "in_main", { working_dir: "main" });
    await start(app, "in_side", { working_dir: "side" });
    await start(app, "in_nested", { working_dir: "main/nested" });
    await start(app, "in_module", { working_dir: "main/module" });
    await start(app, "isolated", { working_dir: "main", isolation: "worktree" });
    await become(app, "running", "in_main", "in_side", "in_nested", "in_module", "isolated");
    await start(app, "too", { working_dir: await folder(app, "side/below") });
    await isHeldUp(app, "too", "in_side");
  });
});

Deno.test("exclusive folders: outside a repository only the same folder is the same place", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    await folder(app, "plain/.git");
    await start(app, "outer", { working_dir: "plain" });
    await start(app, "inner", { working_dir: await folder(app, "plain/inner") });
    await become(app, "running", "outer", "inner");
    await start(app, "again", { working_dir: "plain/inner/." });
    await isHeldUp(app, "again", "inner");
  });
});

Deno.test("exclusive folders: a paused agent keeps its folder, one that waits for its next attempt does not", async () => {
  const config = { ...CONFIG, tasks: { ...CONFIG.tasks, retry_delay_ms: 3_600_000 } };
  await withApp({ config }, async (app) => {
    await start(app, "first");
    await become(app, "running", "first");
    await app.post({ type: "pause_task", task_id: "first" });
    await start(app, "second");
    await isHeldUp(app, "second", "first");
    app.agents.runs[0]!.die("Killed");
    await become(app, "running", "second");
    await app.post({ type: "resume_task", task_id: "first" });
    assert.equal((await taskOf(app, "first")).status, "pending");
  });
});

Deno.test("exclusive folders: after a restart the recovered task has its folder again", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    await start(app, "first");
    await become(app, "running", "first");
    await start(app, "second");
    await isHeldUp(app, "second", "first");
    await app.restart();
    await become(app, "running", "first");
    await isHeldUp(app, "second", "first");
    app.agents.open("first");
    await become(app, "running", "second");
  });
});

Deno.test("a delegated task waits for no folder and no slot of the tasks above it", async () => {
  await withApp({ config: ONE_SLOT }, async (app) => {
    await start(app, "top");
    await become(app, "running", "top");
    await start(app, "other", { agent: "command" }, { priority: "critical" });
    await delegate(app, "top", "child");
    await become(app, "running", "child");
    await delegate(app, "child", "grandchild");
    await become(app, "running", "grandchild");
    await delegate(app, "top", "sibling");
    await isHeldUp(app, "sibling", "child", "grandchild");
    assert.deepEqual((await taskOf(app, "other")).waiting_for, { kind: "slot" });
    app.agents.open("grandchild");
    app.agents.open("child");
    await become(app, "running", "sibling");
    app.agents.open("sibling");
    app.agents.open("top");
    await become(app, "running", "other");
  });
});

Deno.test("two agents that delegate into each other's folder both go on", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    const [left, right] = [await folder(app, "left"), await folder(app, "right")];
    await start(app, "a", { working_dir: left });
    await start(app, "b", { working_dir: right });
    await become(app, "running", "a", "b");
    await delegate(app, "a", "below_a", { working_dir: right });
    await isHeldUp(app, "below_a", "b");
    await delegate(app, "b", "below_b", { working_dir: left });
    await become(app, "running", "below_b");
    for (const gate of ["below_b", "b"]) app.agents.open(gate);
    await become(app, "running", "below_a");
  });
});

Deno.test("a client that only names a running task as parent waits for its folder and for a slot", async () => {
  const claimed = { metadata: { parent_task: "top", delegation_depth: 1 } };
  await withApp({ config: CONFIG }, async (app) => {
    await start(app, "top");
    await become(app, "running", "top");
    await start(app, "claims", {}, claimed);
    await isHeldUp(app, "claims", "top");
  });
  await withApp({ config: ONE_SLOT }, async (app) => {
    await start(app, "top");
    await become(app, "running", "top");
    await start(app, "claims", { agent: "command" }, claimed);
    assert.deepEqual((await taskOf(app, "claims")).waiting_for, { kind: "slot" });
    app.agents.open("top");
    await become(app, "running", "claims");
  });
});
