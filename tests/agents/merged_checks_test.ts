/** A branch that has moved takes a task's work only if the merged result passes the task's checks. With real git. */
import assert from "node:assert/strict";
import { Repository } from "../fixtures/repository.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

type Fields = Record<string, unknown>;

/** It passes alone on either side, and not on both together. */
const APART = [
  "sh",
  "-c",
  "echo $PWD; ! { test -f theirs.txt && test -f mine.txt; }",
];

const config = (project: Fields = {}) => ({
  limits: { enabled: false },
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh", working_dir: "project", allowed_dirs: ["project"] },
  checks: { apart: APART },
  projects: { app: { path: "project", isolation: "worktree", checks: ["apart"], ...project } },
});

interface Place {
  server: TestServer;
  project: Repository;
  run(id: string, prompt: string, more?: Fields): Promise<void>;
  accept(id: string): Promise<Fields & { code?: string; details: Fields }>;
}

async function withProject(configuration: Fields, test: (place: Place) => Promise<void>): Promise<void> {
  await withServer({ config: configuration }, async (server) => {
    const project = await Repository.create(`${server.dir}/project`);
    const socket = await server.connect();
    await socket.request({ type: "subscribe_to_updates", channels: ["task_status"] });
    await test({
      server,
      project,
      async run(id, prompt, more = {}) {
        const execution = { prompt, ...more };
        const task = { id, type: "feature", priority: "low", description: `Do ${id}`, execution };
        const reply = await socket.request({ type: "start_task", task });
        assert.equal(reply.type, "task_started", JSON.stringify(reply));
        await socket.next((m) => m.task_id === id && m.new_status === "completed");
      },
      async accept(task_id) {
        return (await server.post({ type: "accept_changes", task_id })).reply as Fields & { details: Fields };
      },
    });
  });
}

/** Only the task's own worktree is there besides, and nothing is loose in the project. */
async function requireTidy({ project }: Place, trees: number): Promise<void> {
  assert.equal((await project.git("worktree", "list")).split("\n").length, trees);
  assert.equal(await project.git("status", "--short"), "");
}

Deno.test("accept: the checks of a merged result that fail keep the branch where it is", async () => {
  await withProject(config(), async (place) => {
    const { project, run, accept, server } = place;
    await run("t", "echo theirs > theirs.txt");
    const moved = await project.commit("meanwhile", { "mine.txt": "mine\n" });
    const refused = await accept("t");
    assert.equal(refused.code, "CHANGES_CONFLICT", JSON.stringify(refused));
    assert.equal(refused.details.reason, "checks");
    const [check] = refused.details.checks as Fields[];
    assert.deepEqual([check!.ok, check!.exit_code], [false, 1]);
    assert.match(`${refused.message}`, /Check 'sh -c .*' failed/);
    assert.equal(await project.git("rev-parse", "main"), moved);
    await requireTidy(place, 2);
    await assert.rejects(Deno.lstat(`${check!.output}`.trim()), Deno.errors.NotFound);
    const { reply } = await server.post({ type: "get_task_status", task_id: "t" });
    assert.equal((reply.task as Fields).review, "to_review");
    await until(async () => {
      const { reply } = await server.post({ type: "request_log_entries", filter: { agent: "t" } });
      const { entries } = reply.data as { entries: Fields[] };
      return entries.some(({ source, message }) => source === "check" && /merged result/.test(`${message}`));
    });
    await project.commit("away", { "mine.txt": undefined });
    const accepted = await accept("t");
    assert.equal(accepted.type, "changes_accepted", JSON.stringify(accepted));
    await requireTidy(place, 1);
  });
});

Deno.test("accept: a branch that has not moved takes what was checked already; a task without checks is not checked", async () => {
  await withProject(config({ checks: [["false"]] }), async ({ project, run, accept, server }) => {
    const ran = async () => (await Deno.readTextFile(`${server.dir}/counted`).catch(() => "")).length;
    const count = ["sh", "-c", `echo x >> ${server.dir}/counted`];
    await run("t", "echo t > t.txt", { checks: [count] });
    assert.equal(await ran(), 2);
    assert.equal((await accept("t")).type, "changes_accepted");
    assert.equal(await ran(), 2);
    await run("u", "echo u > u.txt", { checks: [count] });
    await run("none", "echo none > none.txt", { checks: [] });
    await project.commit("meanwhile", { "mine.txt": "mine\n" });
    assert.equal((await accept("none")).type, "changes_accepted");
    assert.equal(await ran(), 4);
    assert.equal((await accept("u")).type, "changes_accepted");
    assert.equal(await ran(), 6);
  });
});

Deno.test("accept: the checkout has what a new worktree has, and a setup that fails keeps the branch where it is", async () => {
  const furnished = {
    setup: [["sh", "-c", "test -f .env && ! test -f broken.txt && echo ready > ready.log"]],
    copy: [".env"],
    checks: [["sh", "-c", "test -f ready.log && test -f .env"]],
  };
  await withProject(config(furnished), async (place) => {
    const { project, run, accept } = place;
    await project.commit("ignores", { ".gitignore": ".env\n*.log\n" });
    await Deno.writeTextFile(`${project.path}/.env`, "secret\n");
    await run("t", "echo t > t.txt");
    const moved = await project.commit("meanwhile", { "broken.txt": "x\n" });
    const refused = await accept("t");
    assert.equal(refused.code, "FILESYSTEM_ERROR", JSON.stringify(refused));
    assert.match(`${refused.message}`, /setup failed/);
    assert.equal(await project.git("rev-parse", "main"), moved);
    await requireTidy(place, 2);
    await project.commit("mended", { "broken.txt": undefined });
    assert.equal((await accept("t")).type, "changes_accepted");
    await requireTidy(place, 1);
  });
});

Deno.test("accept: what a crash has left of a checkout is removed, and the work is accepted then", async () => {
  const held = [
    "sh",
    "-c",
    "test -f theirs.txt && test -f mine.txt && ! test -f $GO && echo up > $UP && sleep 600; true",
  ];
  await withProject(config({ checks: [held] }), async (place) => {
    const { server, project, run, accept } = place;
    const files = { UP: `${server.dir}/up`, GO: `${server.dir}/go` };
    await run("t", "echo theirs > theirs.txt", { env: files });
    await project.commit("meanwhile", { "mine.txt": "mine\n" });
    const asked = accept("t").catch(() => undefined);
    await until(() => Deno.stat(files.UP).then(() => true, () => false));
    assert.equal((await project.git("worktree", "list")).split("\n").length, 3);
    await server.stop("SIGKILL");
    await asked;
    await Deno.writeTextFile(files.GO, "");
    await server.start();
    const accepted = await accept("t");
    assert.equal(accepted.type, "changes_accepted", JSON.stringify(accepted));
    await requireTidy(place, 1);
  });
});
