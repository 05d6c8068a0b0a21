/** The work of tasks in worktrees, through the doors: what is recorded of it, however the task ends. */
import assert from "node:assert/strict";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { git, Repository } from "../fixtures/repository.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { until } from "../fixtures/until.ts";

const CONFIG = {
  limits: { enabled: false },
  agents: { scripted: SCRIPTED },
  tasks: { default_agent: "scripted" },
};

type Fields = Record<string, unknown>;

async function taskOf(app: TestApp, task_id = "t"): Promise<Fields> {
  return (await app.post({ type: "get_task_status", task_id })).reply.task as Fields;
}

/** A task whose agent waits in its worktree until the gate `go` is opened. */
async function begun(app: TestApp, prompt: string, more: Fields = {}): Promise<string> {
  const execution = { prompt, isolation: "worktree", ...more };
  const task = { id: "t", type: "testing", priority: "low", description: "Mend the door", execution };
  const { reply } = await app.post({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
  await until(async () => (await taskOf(app)).runtime_status === "running");
  return ((await taskOf(app)).workspace as { path: string }).path;
}

async function ended(app: TestApp, status: string): Promise<Fields> {
  await until(async () => {
    const { status: now, changes } = await taskOf(app);
    return now === status && changes !== undefined;
  });
  return await taskOf(app);
}

for (
  const [name, prompt, status] of [
    ["completed", "wait go", "completed"],
    ["failed", "wait go; exit 1", "failed"],
    ["cancelled", "hang", "cancelled"],
  ] as const
) {
  Deno.test(`saved work: of a task that was ${name}, it is on the branch and for review`, async () => {
    await withApp({ config: CONFIG }, async (app) => {
      const repository = await Repository.create(app.dir, { "file.txt": "one\n", ".gitignore": "data\n" });
      const path = await begun(app, prompt);
      await Deno.writeTextFile(`${path}/new.txt`, "one\ntwo\n");
      const running = (await taskOf(app)).workspace as Fields;
      assert.deepEqual([running.kind, running.branch, running.base], [
        "worktree",
        "opencode-agents/t",
        "main",
      ]);
      if (status === "cancelled") await app.post({ type: "cancel_task", task_id: "t" });
      else app.agents.open("go");
      const { workspace, changes, review } = await ended(app, status);
      assert.deepEqual([changes, review], [
        { files: 1, additions: 2, deletions: 0, commits: 1 },
        "to_review",
      ]);
      const { head_commit, base_commit } = workspace as Fields;
      assert.equal(head_commit, await repository.git("rev-parse", "opencode-agents/t"));
      assert.equal(base_commit, await repository.git("rev-parse", "main"));
      assert.equal(await git(path, "status", "--porcelain"), "");
    });
  });
}

Deno.test("saved work: a task that changes nothing is done with, and its worktree goes", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    const repository = await Repository.create(app.dir, { "file.txt": "one\n", ".gitignore": "data\n" });
    const path = await begun(app, "wait go");
    app.agents.open("go");
    const { changes, review } = await ended(app, "completed");
    assert.deepEqual([changes, review], [{ files: 0, additions: 0, deletions: 0, commits: 0 }, "none"]);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    assert.equal(await repository.git("branch", "--format=%(refname:short)"), "main");
  });
});

Deno.test("saved work: what a stopped server leaves is there for the next attempt", async () => {
  await withApp({ config: CONFIG }, async (app) => {
    await Repository.create(app.dir, { "file.txt": "one\n", ".gitignore": "data\n" });
    const path = await begun(app, "attempt 1: hang; attempt 2: wait go");
    await Deno.writeTextFile(`${path}/new.txt`, "one\n");
    await app.restart();
    await until(async () => (await taskOf(app)).attempt === 2);
    assert.equal(await Deno.readTextFile(`${path}/new.txt`), "one\n");
    app.agents.open("go");
    const { changes, review, workspace } = await ended(app, "completed");
    assert.deepEqual([(changes as Fields).files, review, (workspace as Fields).path], [1, "to_review", path]);
  });
});
