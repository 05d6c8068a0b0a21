/** The changes of tasks that work in a folder itself, through the doors. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { Repository } from "../fixtures/repository.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

const CONFIG = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED, talker: { ...SCRIPTED, protocol: "acp" } },
  tasks: { default_agent: "scripted" },
};
const IGNORED = { "file.txt": "one\n", ".gitignore": "data\n" };

async function taskOf(app: TestApp, task_id = "t"): Promise<Fields> {
  return (await app.post({ type: "get_task_status", task_id })).reply.task as Fields;
}

async function begin(app: TestApp, prompt: string, id = "t", execution: Fields = {}): Promise<void> {
  const task = {
    id,
    type: "testing",
    priority: "low",
    description: "Mend the door",
    execution: { prompt, ...execution },
  };
  const { reply } = await app.post({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

async function working(app: TestApp, id = "t"): Promise<void> {
  await until(async () => (await taskOf(app, id)).runtime_status === "running");
}

async function ended(app: TestApp, status = "completed", id = "t"): Promise<Fields> {
  await until(async () => (await taskOf(app, id)).status === status);
  return await taskOf(app, id);
}

async function changesOf(app: TestApp, more: Fields = {}): Promise<Fields & { paths: string[] }> {
  const { reply } = await app.post({ type: "get_task_changes", task_id: "t", ...more });
  assert.equal(reply.type, "task_changes", JSON.stringify(reply));
  return { ...reply, paths: (reply.files as Fields[]).map(({ path, status }) => `${path} ${status}`) };
}

for (const status of ["completed", "failed", "cancelled"] as const) {
  Deno.test(`folder changes: of a task that was ${status}, against the folder at its start`, async () => {
    await withApp({ config: CONFIG }, async (app) => {
      const repository = await Repository.create(app.dir, IGNORED);
      await repository.write({ "file.txt": "mine\n", "loose.txt": "loose\n" });
      await begin(app, status === "failed" ? "wait go; exit 1" : "wait go");
      await working(app);
      assert.deepEqual((await changesOf(app)).paths, []);
      await repository.write({ "new.txt": "new\n", "loose.txt": undefined });
      assert.deepEqual((await changesOf(app)).paths, ["loose.txt deleted", "new.txt added"]);
      await repository.git("add", "new.txt");
      await repository.git("commit", "-qm", "made");
      if (status === "cancelled") await app.post({ type: "cancel_task", task_id: "t" });
      else app.agents.open("go");
      await ended(app, status);
      await until(async () => (await taskOf(app)).changes !== undefined);
      const { workspace, changes, review } = await taskOf(app);
      const head = await repository.git("rev-parse", "HEAD");
      const start = await repository.git("rev-parse", "refs/opencode-agents/start/t");
      const { kind, path, repository: root, base_commit, branch } = workspace as Fields;
      assert.deepEqual([kind, path, root, base_commit, branch], [
        "folder",
        repository.path,
        repository.path,
        start,
        undefined,
      ]);
      assert.deepEqual(changes, { files: 2, additions: 1, deletions: 1, commits: 1 });
      assert.equal(review, "none");
      const told = await changesOf(app);
      assert.deepEqual(told.paths, ["loose.txt deleted", "new.txt added"]);
      assert.deepEqual([told.base_commit, told.head_commit], [start, head]);
      assert.deepEqual([told.ahead, told.behind, told.conflicts], [1, 0, []]);
    });
  });
}

Deno.test("folder changes: of the last turn, and since the start", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    const repository = await Repository.create(app.dir, IGNORED);
    await begin(app, "session S; wait first", "t", { agent: "talker" });
    await working(app);
    await repository.write({ "first.txt": "1\n" });
    await app.post({ type: "send_message", task_id: "t", message: "session S; wait second" });
    app.agents.open("first");
    await until(async () => (await taskOf(app)).turn === 2);
    await repository.write({ "second.txt": "2\n" });
    assert.deepEqual((await changesOf(app, { since: "last_turn" })).paths, ["second.txt added"]);
    app.agents.open("second");
    await ended(app);
    assert.deepEqual((await changesOf(app, { since: "last_turn" })).paths, ["second.txt added"]);
    assert.deepEqual((await changesOf(app)).paths, ["first.txt added", "second.txt added"]);
  });
});

Deno.test("folder changes: a server that is started again keeps to the first start", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    const repository = await Repository.create(app.dir, IGNORED);
    await begin(app, "wait go");
    await working(app);
    const start = await repository.git("rev-parse", "refs/opencode-agents/start/t");
    await repository.write({ "new.txt": "new\n" });
    await app.restart();
    app.agents.open("go");
    await ended(app);
    assert.equal(await repository.git("rev-parse", "refs/opencode-agents/start/t"), start);
    assert.deepEqual((await changesOf(app)).paths, ["new.txt added"]);
  });
});

Deno.test("folder changes: nothing can be accepted, and nobody is asked to review", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    await Repository.create(app.dir, IGNORED);
    await begin(app, "print done");
    await ended(app);
    for (const type of ["accept_changes", "discard_changes", "update_workspace", "create_pull_request"]) {
      const { reply } = await app.post({ type, task_id: "t" });
      assert.deepEqual(
        [reply.code, (reply.details as Fields).field],
        ["INVALID_FIELD_VALUE", "task_id"],
        type,
      );
    }
    const { reply } = await app.post({ type: "list_worktrees" });
    assert.deepEqual(reply.worktrees, []);
  });
});

Deno.test("folder changes: outside a repository, the folder is named and the changes are refused", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    await begin(app, "wait go", "t", { agent: "talker" });
    await working(app);
    const path = await Deno.realPath(app.dir);
    assert.deepEqual((await taskOf(app)).workspace, { kind: "folder", path });
    const { reply } = await app.post({ type: "get_task_changes", task_id: "t" });
    assert.match(reply.message as string, /outside a git repository/);
    app.agents.open("go");
    await ended(app);
    await begin(app, "print done", "command");
    assert.deepEqual((await ended(app, "completed", "command")).workspace, { kind: "folder", path });
  });
});
