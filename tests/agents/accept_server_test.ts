/** Work of real runs, accepted, discarded and let go through the server's doors, with real git. */
import assert from "node:assert/strict";
import { withServer } from "../fixtures/server.ts";
import type { TestServer } from "../fixtures/server.ts";
import { Repository } from "../fixtures/repository.ts";
import { until } from "../fixtures/until.ts";

const config = (more: Record<string, unknown> = {}, project: Record<string, unknown> = {}) => ({
  limits: { enabled: false },
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh", working_dir: "project", allowed_dirs: ["project"], ...more },
  projects: { app: { path: "project", isolation: "worktree", ...project } },
});

type Fields = Record<string, unknown>;

async function withProject(
  configuration: Fields,
  test: (
    server: TestServer,
    project: Repository,
    run: (id: string, prompt: string) => Promise<Fields>,
  ) => Promise<void>,
): Promise<void> {
  await withServer({ config: configuration }, async (server) => {
    const project = await Repository.create(`${server.dir}/project`);
    const socket = await server.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    await test(server, project, async (id, prompt) => {
      const task = { id, type: "feature", priority: "low", description: `Do ${id}`, execution: { prompt } };
      const reply = await socket.request({ type: "start_task", task });
      assert.equal(reply.type, "task_started", JSON.stringify(reply));
      const ends = ["completed", "failed", "cancelled"];
      await socket.next((m) => m.task_id === id && ends.includes(m.new_status as string));
      return (await socket.request({ type: "get_task_status", task_id: id })).task as Fields;
    });
  });
}

const task = async (server: TestServer, task_id: string) =>
  (await server.post({ type: "get_task_status", task_id })).reply.task as Fields;

Deno.test("accept_changes: from a run to the branch, also what was changed by hand; a failed run's work too", async () => {
  await withProject(
    config({}, { teardown: [["sh", "-c", "echo down > ../../torn"]] }),
    async (server, project, run) => {
      const ended = await run("works", "echo new > new.txt; echo two > file.txt");
      assert.equal(ended.review, "to_review");
      const { path } = ended.workspace as { path: string };
      await Deno.writeTextFile(`${path}/by_hand.txt`, "by hand\n");
      const { reply, status } = await server.post({ type: "accept_changes", task_id: "works" });
      assert.deepEqual([reply.type, reply.method, reply.into, status], [
        "changes_accepted",
        "squash",
        "main",
        200,
      ], JSON.stringify(reply));
      assert.equal(await Deno.readTextFile(`${project.path}/by_hand.txt`), "by hand\n");
      assert.equal(await project.git("status", "--short"), "");
      assert.equal(
        await project.git("log", "-1", "--format=%H %B"),
        `${reply.commit} Do works\n\nTask: works\n`,
      );
      const after = await task(server, "works");
      assert.equal(after.review, "accepted");
      assert.equal(after.workspace, undefined);
      assert.equal((after.accepted as Fields).commit, reply.commit);
      await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
      assert.equal((await Deno.readTextFile(`${server.data}/torn`)).trim(), "down");
      await run("fails", "echo half > half.txt; exit 3");
      const half = await server.post({
        type: "accept_changes",
        task_id: "fails",
        method: "merge",
        message: "Half of it",
      });
      assert.equal(
        await project.git("log", "-1", "--format=%B", half.reply.commit as string),
        "Half of it\n\nTask: fails\n",
      );
      const { reply: listed } = await server.post({ type: "list_worktrees" });
      assert.deepEqual(listed.worktrees, []);
    },
  );
});

Deno.test("archive_tasks: changes that nobody has judged stay, are named, and can still be accepted", async () => {
  await withProject(config(), async (server, project, run) => {
    await run("works", "echo new > new.txt");
    await run("looks", "cat file.txt");
    const { reply } = await server.post({ type: "archive_tasks", task_ids: ["looks", "works"] });
    assert.deepEqual([reply.task_ids, reply.to_review], [["looks", "works"], ["works"]]);
    const accepted = await server.post({ type: "accept_changes", task_id: "works" });
    assert.equal(accepted.reply.type, "changes_accepted", JSON.stringify(accepted.reply));
    assert.equal(await Deno.readTextFile(`${project.path}/new.txt`), "new\n");
    const again = await server.post({ type: "archive_tasks", task_ids: ["works"] });
    assert.equal(again.reply.to_review, undefined);
  });
});

Deno.test("accept_changes: CHANGES_CONFLICT has the status 409 and says which files", async () => {
  await withProject(config(), async (server, project, run) => {
    await run("works", "echo theirs > file.txt");
    await project.commit("meanwhile", { "file.txt": "mine\n" });
    const { reply, status } = await server.post({ type: "accept_changes", task_id: "works" });
    assert.deepEqual([reply.code, status], ["CHANGES_CONFLICT", 409]);
    const { reason, files } = reply.details as Fields;
    assert.deepEqual([reason, files], ["conflict", ["file.txt"]]);
    const discarded = await server.post({ type: "discard_changes", task_id: "works" });
    assert.equal(discarded.reply.kept_as, "refs/opencode-agents/discarded/works");
    assert.equal(await project.git("show", "refs/opencode-agents/discarded/works:file.txt"), "theirs");
    const retried = await server.post({ type: "accept_changes", task_id: "works" });
    assert.equal(retried.reply.code, "INVALID_FIELD_VALUE");
  });
});

Deno.test("retention: a task's work that nobody accepted is kept when its record goes", async () => {
  await withProject(config({ retention_days: 1 / 86_400 }), async (server, project, run) => {
    await run("works", "echo new > new.txt").catch(() => {});
    const kept = "refs/opencode-agents/kept/works";
    await until(async () => await project.git("for-each-ref", kept) !== "", 60_000);
    await until(async () =>
      (await server.post({ type: "get_task_status", task_id: "works" })).status === 404
    );
    assert.equal(await project.git("show", `${kept}:new.txt`), "new");
    assert.equal(await project.git("branch", "--list", "opencode-agents/*"), "");
    assert.equal((await project.git("worktree", "list")).split("\n").length, 1);
  });
});

Deno.test("the work of a cancelled task is judged when its agent is gone, which is still writing: nothing of it is lost", async () => {
  await withProject(config(), async (server) => {
    const socket = await server.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["log_entries"] });
    // Deaf to the first signal, it writes until it is killed.
    const prompt = "trap '' TERM INT HUP; echo ready; while :; do echo more >> file.txt; sleep 0.05; done";
    const given = {
      id: "busy",
      type: "feature",
      priority: "low",
      description: "Busy",
      execution: { prompt },
    };
    await socket.request({ type: "start_task", task: given });
    await socket.next(({ log }) => (log as { message?: string } | undefined)?.message === "ready");
    const judge = async () => (await server.post({ type: "discard_changes", task_id: "busy" })).reply;
    const cancelled = server.post({ type: "cancel_task", task_id: "busy" });
    let early: Fields = {};
    await until(async () => String((early = await judge()).message).includes("still being ended"));
    const { current_status } = early.details as Fields;
    assert.deepEqual([early.code, current_status], ["INVALID_FIELD_VALUE", "cancelled"]);
    const { path } = (await task(server, "busy")).workspace as { path: string };
    let discarded: Fields = {};
    await until(async () => (discarded = await judge()).type === "changes_discarded");
    assert.equal((await cancelled).reply.type, "task_cancelled");
    const kept = await new Repository(`${server.dir}/project`).git("show", `${discarded.kept_as}:file.txt`);
    assert.ok(kept.split("\n").includes("more"), kept);
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  });
});
