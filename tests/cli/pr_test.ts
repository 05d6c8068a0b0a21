/** A pull request from a task to the forge: the real program, real git, a scripted \`gh\`. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { GITHUB_PULL } from "../fixtures/forge_programs.ts";
import { withForgeProject } from "../fixtures/forge_project.ts";
import { git } from "../fixtures/repository.ts";
import { withServer } from "../fixtures/server.ts";

Deno.test("cli: pr pushes what a task has done, loose work included, and the task shows its pull request", async () => {
  await withForgeProject(async ({ repository, remote, programs, PATH }) => {
    const config = {
      limits: { enabled: false },
      agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
      projects: { tool: { path: repository.path, isolation: "worktree", agent: "sh" } },
    };
    const env = { PATH, GH_TOKEN: "ghp_verysecret", DECOY: "x" };
    await withServer({ config }, async (server) => {
      const socket = await server.connect();
      await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
      const execution = { prompt: "echo new > new.txt" };
      const metadata = { project: "tool" };
      const task = {
        id: "t",
        type: "feature",
        priority: "low",
        description: "Add a file",
        execution,
        metadata,
      };
      assert.equal((await socket.request({ type: "start_task", task })).type, "task_started");
      await socket.next((message) => message.task_id === "t" && message.new_status === "completed");
      const status = async () => {
        const { reply } = await server.post({ type: "get_task_status", task_id: "t" });
        return reply.task as Record<string, { path: string; branch: string; number: number; state: string }>;
      };
      const before = await status();
      await Deno.writeTextFile(join(before.workspace!.path, "loose.txt"), "by a person\n");
      const [program, ...args] = server.commandOf(
        "pr",
        "t",
        "--data",
        server.data,
        "--draft",
        "--into",
        "main",
      );
      const { code, stdout, stderr } = await new Deno.Command(program!, { args }).output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assert.equal(code, 0, err);
      assert.equal(out, `${GITHUB_PULL.url}\n`);
      const files = await git(remote, "ls-tree", "--name-only", "refs/heads/opencode-agents/t");
      assert.deepEqual(files.split("\n"), ["file.txt", "loose.txt", "new.txt"]);
      const after = await status();
      assert.deepEqual([after.pull_request!.number, after.pull_request!.state], [7, "open"]);
      const { reply } = await server.post({ type: "list_tasks" });
      assert.equal((reply.tasks as { pull_request?: { number: number } }[])[0]!.pull_request?.number, 7);
      const [shown, ...rest] = server.commandOf("task", "t", "--data", server.data);
      const task_text = new TextDecoder().decode(
        (await new Deno.Command(shown!, { args: rest }).output()).stdout,
      );
      assert.match(task_text, /pull request {2}#7 open draft, checks failing, review required: https:/);
      const names = await programs.variables("gh");
      assert.deepEqual(["GH_TOKEN", "DECOY"].map((name) => names.includes(name)), [true, false]);
      await socket.close();
    }, env);
  });
});
