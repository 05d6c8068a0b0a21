/** `run --template`, `templates` and `deliveries` against a real server. */
import assert from "node:assert/strict";
import { config, withCli } from "./fixtures/cli.ts";

const templates = {
  greet: {
    description: "Greets somebody",
    params: { who: {}, how: { default: "hello" } },
    task: { description: "echo {{how}} {{who}}" },
  },
};

Deno.test("cli: a template is listed and started; its hook's deliveries are listed", () =>
  withCli(async ({ run, json, taskIs }) => {
    assert.match((await run(["templates"])).stdout, /greet\s+who how=hello\s+-\s+Greets somebody/);
    const started = await run(["run", "--template", "greet", "-p", "who=a=b", "--id", "one"]);
    assert.match(started.stdout, /^task one (queued|running)\n$/, started.stderr);
    await taskIs("one", /completed/);
    assert.equal((await run(["result", "one"])).stdout, "hello a=b\n");
    assert.equal((await json("run", "--template", "greet", "-p", "who=you")).type, "task_started");
    const missing = await run(["run", "--template", "greet"]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /'params.who' is missing/);
    assert.equal((await run(["run", "--template", "greet", "-p", "who"])).code, 2);
    assert.equal((await run(["run", "--template", "greet", "a prompt"])).code, 2);
    assert.equal((await run(["run"])).code, 2);
    const ignored = await run(["run", "--template", "greet", "-p", "who=you", "--agent", "sh", "-w"]);
    assert.equal(ignored.code, 2);
    assert.match(ignored.stderr, /--agent, --worktree cannot be given with --template/);
    const lonely = await run(["run", "a prompt", "-p", "who=you"]);
    assert.equal(lonely.code, 2);
    assert.match(lonely.stderr, /--param needs --template/);
    assert.deepEqual((await json("deliveries", "greet")).deliveries, []);
    assert.match((await run(["deliveries", "greet", "--replay", "none"])).stderr, /delivery_id/);
  }, { ...config, templates }));
