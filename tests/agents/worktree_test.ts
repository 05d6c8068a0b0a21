/** Tasks with `isolation: "worktree"` do not touch the project's own folder. */
import assert from "node:assert/strict";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

async function git(folder: string, ...args: string[]): Promise<string> {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["-C", folder, ...identity, ...args],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

const config = {
  limits: { enabled: false },
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh", working_dir: "project", allowed_dirs: ["project"] },
};

Deno.test("worktree: changes stay on a branch of the task's own; without changes nothing is left", async () => {
  await withServer({ config }, async (server) => {
    const project = `${server.dir}/project`;
    await Deno.mkdir(project);
    await git(project, "init", "--quiet", "--initial-branch=main");
    await Deno.writeTextFile(`${project}/file`, "old");
    await git(project, "add", ".");
    await git(project, "commit", "--quiet", "-m", "first");
    const socket = await server.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    const run = async (id: string, prompt: string) => {
      const execution = { prompt, isolation: "worktree" };
      const reply = await socket.request({
        type: "start_task",
        task: { id, type: "bugfix", priority: "low", description: id, execution },
      });
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
      const end = await socket.next((m) =>
        m.task_id === id && (m.new_status === "completed" || m.new_status === "failed")
      );
      assert.equal(end.new_status, "completed", JSON.stringify(end));
    };
    await run("edits", "echo new > file");
    assert.equal(await Deno.readTextFile(`${project}/file`), "old");
    assert.equal((await Deno.readTextFile(`${server.data}/worktrees/edits/file`)).trim(), "new");
    assert.match(await git(project, "branch", "--list", "opencode-agents/edits"), /edits/);
    await run("looks", "cat file");
    assert.equal(await git(project, "branch", "--list", "opencode-agents/looks"), "");
    await assert.rejects(Deno.stat(`${server.data}/worktrees/looks`), Deno.errors.NotFound);
    await run(
      "commits",
      "echo new > file; git -c user.name=t -c user.email=t@example.invalid commit -qam second",
    );
    assert.match(await git(project, "branch", "--list", "opencode-agents/commits"), /commits/);
  });
});

Deno.test("worktree: what has none is refused at once, with the field", async () => {
  await withServer({ config }, async (server) => {
    const project = `${server.dir}/project`;
    await Deno.mkdir(project);
    const socket = await server.connect();
    const start = async (more: Record<string, unknown> = {}) => {
      const execution = { prompt: "true", isolation: "worktree", ...more };
      const task = {
        id: `t${crypto.randomUUID()}`,
        type: "bugfix",
        priority: "low",
        description: "x",
        execution,
      };
      const { type, code, details } = await socket.request({ type: "start_task", task });
      return [type, code, (details as { field?: string } | undefined)?.field];
    };
    const refused = (field: string) => ["error", "INVALID_FIELD_VALUE", `task.execution.${field}`];
    assert.deepEqual(await start(), refused("isolation"));
    await git(project, "init", "--quiet", "--initial-branch=main");
    assert.deepEqual(await start(), refused("isolation"));
    await git(project, "commit", "--quiet", "--allow-empty", "-m", "first");
    assert.deepEqual(await start({ base: "nowhere" }), refused("base"));
    assert.deepEqual(await start({ base: "--help" }), refused("base"));
    assert.deepEqual(await start({ base: "main" }), ["task_started", undefined, undefined]);
  });
});

Deno.test("worktree: the work of a task that failed with its server is saved at the next start", async () => {
  const killed = { ...config, tasks: { ...config.tasks, max_attempts: 1 } };
  await withServer({ config: killed }, async (server) => {
    const project = `${server.dir}/project`;
    await Deno.mkdir(project);
    await git(project, "init", "--quiet", "--initial-branch=main");
    await git(project, "commit", "--quiet", "--allow-empty", "-m", "first");
    const execution = { prompt: "echo new > file; echo there; sleep 600", isolation: "worktree" };
    const task = { id: "t", type: "bugfix", priority: "low", description: "x", execution };
    await server.post({ type: "start_task", task });
    await until(() => Deno.stat(`${server.data}/worktrees/t/file`).then(() => true, () => false));
    await server.restart("SIGKILL");
    const taskOf = async () =>
      (await server.post({ type: "get_task_status", task_id: "t" })).reply.task as Record<string, unknown>;
    await until(async () => (await taskOf()).review === "to_review");
    const { status, changes } = await taskOf();
    assert.deepEqual([status, (changes as Record<string, unknown>).files], ["failed", 1]);
    assert.equal(await git(project, "show", "opencode-agents/t:file"), "new");
  });
});
