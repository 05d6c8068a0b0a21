/** git that hangs: it is ended within a bound, or with its task. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/clock/clock.ts";
import type { Clock } from "../../src/clock/clock.ts";
import { containedPrograms } from "../../src/host/processes/contained_program.ts";
import { createGit } from "../../src/workspaces/git.ts";
import { withApp } from "../fixtures/app.ts";
import { Repository } from "../fixtures/repository.ts";
import { until } from "../fixtures/until.ts";
import { HandClock } from "../unit/fixtures/hand_clock.ts";

/** Says that it runs, and how it ended, in files of the folder that git is to work in. */
const HANGING = `#!/bin/sh
trap 'touch "$2/tidied"; exit 1' TERM
touch "$2/begun"
while :; do sleep 0.05; done
`;

/** Runs `test` with a git that hangs: always, or when its arguments contain `at`. */
async function withHangingGit(test: () => Promise<void>, at?: string): Promise<void> {
  const programs = await Deno.makeTempDir({ prefix: "oa-git-" });
  const path = Deno.env.get("PATH")!;
  const others = at === undefined
    ? ""
    : `case "$*" in *"${at}"*) ;; *) PATH='${path}' exec git "$@" ;; esac\n`;
  await Deno.writeTextFile(`${programs}/git`, HANGING.replace("\n", `\n${others}`), { mode: 0o755 });
  Deno.env.set("PATH", `${programs}:${path}`);
  try {
    await test();
  } finally {
    Deno.env.set("PATH", path);
    await Deno.remove(programs, { recursive: true });
  }
}

function gitWith(clock: Clock) {
  return createGit({ run: containedPrograms(clock), server_env: Deno.env.toObject() });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("git: a command that hangs is ended after its bound, and may tidy up", async () => {
  await withHangingGit(async () => {
    const folder = await Deno.makeTempDir();
    const clock = new HandClock();
    const failed = assert.rejects(gitWith(clock).run(folder, ["status"]), {
      code: "FILESYSTEM_ERROR",
      message: `git status failed in ${folder}: it did not end within 60 s`,
    });
    await until(() => exists(`${folder}/begun`));
    clock.pass(60_000);
    await failed;
    assert.ok(await exists(`${folder}/tidied`));
    await Deno.remove(folder, { recursive: true });
  });
});

Deno.test("git: a command that nobody needs any more is not run, or ended", async () => {
  await withHangingGit(async () => {
    const folder = await Deno.makeTempDir();
    const controller = new AbortController();
    const git = gitWith(systemClock);
    const { signal } = controller;
    const failed = assert.rejects(git.run(folder, ["status"], { signal }), /its task was ended/);
    await until(() => exists(`${folder}/begun`));
    controller.abort();
    await failed;
    assert.ok(await exists(`${folder}/tidied`));
    await Deno.remove(`${folder}/begun`);
    await assert.rejects(git.run(folder, ["status"], { signal }), /its task was ended/);
    assert.equal(await exists(`${folder}/begun`), false);
    await Deno.remove(folder, { recursive: true });
  });
});

Deno.test("git: a task that is cancelled while its worktree is made gives its slot back at once", async () => {
  const config = {
    limits: { enabled: false },
    agents: { scripted: { protocol: "command", command: ["scripted"] } },
    tasks: { default_agent: "scripted", max_concurrent: 1 },
  };
  await withHangingGit(() =>
    withApp({ config }, async (app) => {
      await Repository.create(app.dir);
      const folder = `${await Deno.realPath(app.dir)}/.git`;
      const start = (id: string, isolation: string) => {
        const execution = { prompt: "print done", isolation };
        const task = { id, type: "testing", priority: "low", description: id, execution };
        return app.post({ type: "start_task", task });
      };
      const taskOf = async (task_id: string) =>
        (await app.post({ type: "get_task_status", task_id })).reply.task as Record<string, unknown>;
      await start("hangs", "worktree");
      await until(() => exists(`${folder}/begun`));
      await start("next", "none");
      assert.deepEqual((await taskOf("next")).waiting_for, { kind: "slot" });
      await app.post({ type: "cancel_task", task_id: "hangs" });
      await until(async () => (await taskOf("next")).status === "completed");
      const { status, error } = await taskOf("hangs");
      assert.deepEqual([status, error], ["cancelled", undefined]);
      assert.ok(await exists(`${folder}/tidied`));
    }), "worktree add");
});

Deno.test("git: a repository that does not answer does not keep a task from being accepted", async () => {
  const config = {
    limits: { enabled: false },
    agents: { scripted: { protocol: "command", command: ["scripted"] } },
    tasks: { default_agent: "scripted", max_concurrent: 1 },
  };
  await withHangingGit(() =>
    withApp({ config }, async (app) => {
      const task = {
        id: "t",
        type: "testing",
        priority: "low",
        description: "d",
        execution: { isolation: "worktree" },
      };
      assert.equal((await app.post({ type: "start_task", task })).reply.type, "task_started");
      await app.post({ type: "cancel_task", task_id: "t" });
    })
  );
});

Deno.test("git: the task's timeout ends a worktree that is not made in time", async () => {
  const config = {
    limits: { enabled: false },
    agents: { scripted: { protocol: "command", command: ["scripted"] } },
    tasks: { default_agent: "scripted" },
  };
  await withHangingGit(() =>
    withApp({ config }, async (app) => {
      await Repository.create(app.dir);
      const execution = { prompt: "print done", isolation: "worktree" };
      const task = { id: "t", type: "testing", priority: "low", description: "d", timeout: 1000, execution };
      await app.post({ type: "start_task", task });
      const taskOf = async () =>
        (await app.post({ type: "get_task_status", task_id: "t" })).reply.task as Record<string, unknown>;
      await until(async () => (await taskOf()).status === "failed");
      assert.match(String((await taskOf()).error), /^TASK_TIMEOUT_EXCEEDED/);
    }), "worktree add");
});
