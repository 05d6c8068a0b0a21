/** Tasks with `isolation: "worktree"` do not touch the project's own folder. */
import assert from "node:assert/strict";
import { withServer } from "../fixtures/server.ts";

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

Deno.test("worktree: a folder that is no repository is named in the log", async () => {
  await withServer({ config }, async (server) => {
    const project = `${server.dir}/project`;
    await Deno.mkdir(project);
    const socket = await server.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    const execution = { prompt: "true", isolation: "worktree" };
    const task = { id: "no_repository", type: "bugfix", priority: "low", description: "x", execution };
    await socket.request({ type: "start_task", task });
    await socket.next((m) => m.new_status === "failed");
    const { data } = await socket.request({ type: "request_log_entries", filter: { agent: task.id } });
    const { entries } = data as { entries: { level: string; context: { working_dir?: string } }[] };
    const errors = entries.filter(({ level }) => level === "error");
    const folder = await Deno.realPath(project);
    assert.deepEqual(errors.map(({ context }) => context.working_dir), [folder, folder]);
  });
});
