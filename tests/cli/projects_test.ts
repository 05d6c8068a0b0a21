/** Projects, changes before the first attempt and the archive, from the shell. */
import assert from "node:assert/strict";
import { config, withCli } from "./fixtures/cli.ts";

const CONFIG = {
  projects: {
    shop: { path: "shop", max_concurrent: 1 },
    docs: { path: "shop/docs", base_branch: "main" },
  },
};

Deno.test("cli: the project of the current folder is taken, and can be named or left out", () =>
  withCli(async ({ server, run, json, taskIs }) => {
    await Deno.mkdir(`${server.dir}/shop/docs`, { recursive: true });
    await Deno.symlink(`${server.dir}/shop/docs`, `${server.dir}/link`);
    const inShop = await run(["run", "pwd", "--id", "s1"], { cwd: `${server.dir}/shop` });
    assert.match(inShop.stdout, /^task s1 (queued|running), project shop\n$/);
    await run(["run", "pwd", "--id", "d1", "--project", "docs"], { cwd: "/" });
    await run(["run", "pwd", "--id", "none"]);
    for (const id of ["s1", "d1", "none"]) await taskIs(id, /completed/);
    assert.equal((await run(["result", "s1"])).stdout, `${server.dir}/shop\n`);
    assert.equal((await run(["result", "d1"])).stdout, `${server.dir}/shop/docs\n`);

    const ids = async (args: string[], cwd: string) => {
      const { stdout } = await run(["tasks", "--sort", "id", "--json", ...args], { cwd });
      return JSON.parse(stdout).tasks.map(({ id }: { id: string }) => id);
    };
    assert.deepEqual(await ids([], `${server.dir}/shop`), ["s1"]);
    assert.deepEqual(await ids([], `${server.dir}/link`), ["d1"]);
    assert.deepEqual(await ids([], server.dir), ["d1", "none", "s1"]);
    assert.deepEqual(await ids(["--no-project"], `${server.dir}/shop`), ["d1", "none", "s1"]);
    assert.deepEqual(await ids(["--project", "docs"], `${server.dir}/shop`), ["d1"]);
    const list = await run(["tasks"], { cwd: `${server.dir}/shop` });
    assert.match(list.stdout, /^ID\s+STATUS\s+PROJECT[^\n]*\ns1\s+completed\s+shop /);
    assert.match(list.stderr, /of project shop, since this is its folder; --no-project lists all/);
    assert.match((await run(["task", "d1"])).stdout, /project\s+docs\n/);
    assert.match((await run(["top"])).stdout, /ID\s+PROJECT[^]*d1\s+docs/);

    const projects = await run(["projects"]);
    assert.match(
      projects.stdout,
      /^PROJECT\s+RUNNING[^\n]*\nshop\s+0 [^\n]*no repository\s+\S+\/shop\ndocs .*main/,
    );
    assert.deepEqual((await json("projects")).projects.map(({ name }: { name: string }) => name), [
      "shop",
      "docs",
    ]);
  }, { ...config, ...CONFIG }));

Deno.test("cli: edit changes what is named and keeps the rest; archive puts finished tasks away", () =>
  withCli(async ({ run, json, taskIs }) => {
    await run(["run", "sleep 60", "--id", "first"]);
    await taskIs("first", /running/);
    await run(["run", "echo old", "--id", "task", "--depends-on", "first", "--model", "m"]);
    const changed = await run([
      "edit",
      "task",
      "--prompt",
      "echo new",
      "--priority",
      "high",
      "--no-depends-on",
      "--owner",
      "ann",
    ]);
    assert.equal(
      changed.stdout,
      "task task changed: description, priority, dependencies, execution, metadata\n",
    );
    await taskIs("task", /completed/);
    const { task } = await json("task", "task");
    assert.deepEqual([task.priority, task.dependencies, task.metadata, task.execution.model], ["high", [], {
      owner: "ann",
    }, "m"]);
    assert.equal((await run(["result", "task"])).stdout, "new\n");
    assert.match((await run(["edit", "task", "--priority", "low"])).stderr, /an attempt of it has begun/);
    assert.match((await run(["edit", "first"])).stderr, /Nothing to change is named/);

    assert.equal((await run(["archive", "task"])).stdout, "task task archived\n");
    assert.deepEqual((await json("tasks", "--status", "completed")).tasks, []);
    assert.equal((await json("tasks", "--archived")).tasks[0].id, "task");
    assert.equal((await json("tasks", "--with-archived")).total_count, 2);
    assert.match((await run(["task", "task"])).stdout, /archived\s+yes/);
    assert.equal((await run(["archive", "task", "first"])).code, 1);
    assert.equal((await run(["archive", "--undo", "task"])).stdout, "task task is no longer archived\n");
    await run(["cancel", "first"]);
  }));

Deno.test("cli: a prompt may stand behind the tasks that it depends on", () =>
  withCli(async ({ run, json }) => {
    await run(["run", "sleep 60", "--id", "first"]);
    await run(["run", "sleep 60", "--id", "second"]);
    // It takes all words that follow it, also those of a prompt.
    const later = ["--id", "later", "--depends-on", "first", "second", "do that then"];
    assert.equal((await run(["run", ...later])).code, 0);
    const { task: waiting } = await json("task", "later");
    assert.deepEqual([waiting.description, waiting.dependencies], ["do that then", ["first", "second"]]);
    const nightly = [
      "schedule",
      "--cron",
      "0 3 * * *",
      "--id",
      "nightly",
      "--depends-on",
      "first",
      "do it at night",
    ];
    assert.equal((await run(nightly)).code, 0);
    for (const command of [["run"], ["schedule", "--at", "+5m"]]) {
      const refused = await run([...command, "--depends-on", "first", "word"]);
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /missing required argument 'prompt'.*write it before --depends-on/);
    }
  }));
