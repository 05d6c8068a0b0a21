/** Following: a task's log and progress until its end, and what ends the following earlier. */
import assert from "node:assert/strict";
import type { TestServer } from "../fixtures/server.ts";
import { config, withCli } from "./fixtures/cli.ts";

Deno.test("cli: run --follow shows log and progress as plain lines, and its exit code tells how the task ended", () =>
  withCli(async ({ run, start, taskIs }) => {
    const good = await run([
      "run",
      "demo:steps=3 demo:delay=50",
      "--agent",
      "demo",
      "--follow",
      "--id",
      "good",
    ]);
    assert.equal(good.code, 0, good.stderr);
    assert.match(
      good.stdout,
      /^task good started\n[^]*info {2}Step 1 of 3[^]*100 %[^]*task good completed in /,
    );
    assert.ok(!good.stdout.includes("\x1b") && !good.stdout.includes("\r"));

    const bad = await run(["run", "echo out of luck >&2; exit 4", "--follow", "--id", "bad"]);
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /warn {2}out of luck\n[^]*task bad failed[^\n]*\n.*4.*out of luck\n$/);

    const plain = await run(["run", "echo once; sleep 1; echo twice", "--follow", "--id", "plain"]);
    assert.deepEqual(plain.stdout.match(/.*(once|twice)$/gm)?.map((line) => line.slice(9)), [
      "info  once",
      "info  twice",
    ], "without steps there is no progress to tell of");

    const ended = start(["run", "sleep 60", "--follow", "--id", "ended"]);
    await taskIs("ended", /running/);
    await run(["cancel", "ended"]);
    assert.equal((await ended.ended).code, 130);
    assert.match(ended.stdout, /task ended cancelled/);
  }));

Deno.test("cli: run --follow --json prints one document per line, from start to end", () =>
  withCli(async ({ run }) => {
    const { code, stdout } = await run(["run", "echo hello", "--follow", "--json", "--id", "one"]);
    assert.equal(code, 0);
    const documents = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.equal(documents[0].type, "task_started");
    assert.ok(documents.some(({ type, log }) => type === "log_entry" && log.message === "hello"));
    assert.equal(documents.at(-1).task.status, "completed");
  }));

Deno.test("cli: Ctrl-C (130) and SIGTERM (143) end the following; the task continues and can be followed again", () =>
  withCli(async ({ run, start, taskIs }) => {
    const following = start(["run", "echo begun; sleep 60", "--follow", "--id", "long"]);
    await following.says("begun");
    following.kill("SIGINT");
    const { code, stderr } = await following.ended;
    assert.equal(code, 130);
    assert.match(
      stderr,
      /task long continues\nagain: opencode-agents follow long\nto end it: opencode-agents cancel long\n/,
    );
    assert.match((await run(["task", "long"])).stdout, /running for/);

    const again = start(["follow", "long"]);
    await again.says("begun");
    again.kill("SIGTERM");
    assert.equal((await again.ended).code, 143);

    const last = start(["follow", "long"]);
    await last.says("begun");
    await run(["cancel", "long"]);
    await taskIs("long", /cancelled/);
    assert.equal((await last.ended).code, 130);
    assert.equal((await run(["follow", "long"])).code, 130);
    const nobody = await run(["follow", "nobody"]);
    assert.deepEqual([nobody.code, /TASK_NOT_FOUND/.test(nobody.stderr)], [1, true], nobody.stderr);
  }));

Deno.test("cli: the owner's follower continues with the server that replaces a killed one", () =>
  withCli(async ({ server, run, start }) => {
    const owner = { env: { OPENCODE_AGENTS_URL: "" } };
    const loop = "for i in $(seq 100); do [ -e end ] && exit; echo turn $i; sleep 0.2; done; exit 1";
    const args = ["run", loop, "--id", "long", "--follow", "--data", server.data];
    const following = start(args, owner);
    await following.says("turn 2");
    const token = await ownersToken(server);
    await server.stop("SIGKILL");
    await following.says("lost");
    await server.start(["--port", new URL(server.url).port]);
    // It may have come back before the new address was written.
    assert.equal(await ownersToken(server), token);
    await following.says("Attempt 2 started");
    await Deno.writeTextFile(`${server.dir}/end`, "");
    const { code, stderr } = await following.ended;
    assert.equal(code, 0, stderr);
    assert.match((await run(["task", "long"])).stdout, /status\s+completed/);
  }));

async function ownersToken({ data }: TestServer): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${data}/server.json`)).token;
}

Deno.test("cli: only a well-formed token is taken over from a killed server", () =>
  withCli(async ({ server }) => {
    const address = `${server.data}/server.json`;
    for (const left of ["", "guess", "sess_", 5, null, { token: "sess_" + "x".repeat(32) }]) {
      await server.stop("SIGKILL");
      await Deno.writeTextFile(address, JSON.stringify({ url: "http://127.0.0.1:1", pid: 1, token: left }));
      await server.start();
      assert.match(await ownersToken(server), /^sess_[\w-]{32}$/);
    }
    const token = await ownersToken(server);
    assert.equal(await server.stop(), 0);
    await server.start();
    assert.notEqual(await ownersToken(server), token, "after a proper end it is another one");
  }));

Deno.test("cli: logs --follow shows past and new entries, of one task or of all", () =>
  withCli(async ({ run, start }) => {
    await run(["run", "echo before", "--follow"]);
    const all = start(["logs", "--follow", "--contains", "e"]);
    const json = start(["logs", "later", "--follow", "--json", "-n", "5"]);
    await all.says("before");
    await run(["run", "echo the end", "--follow", "--id", "later"]);
    await Promise.all([all.says(/later\s+the end/), json.says("the end")]);
    all.kill("SIGINT");
    json.kill("SIGINT");
    assert.equal((await all.ended).code, 130);
    const { stdout, stderr } = await json.ended;
    assert.match(stderr, /no task 'later' yet/);
    for (const line of stdout.trimEnd().split("\n")) assert.equal(JSON.parse(line).log.agent, "later");
  }));

Deno.test("cli: an agent's request is shown with the commands that answer it, or answered by a key", () =>
  withCli(async (bench) => {
    const ask = (
      id: string,
    ) => ["run", "demo:ask=1 demo:steps=2 demo:delay=10", "--agent", "demo", "--id", id, "-f"];
    const piped = bench.start(ask("piped"));
    await piped.says(/The agent asks: .*\nanswer with: opencode-agents allow piped \S+ /);
    await bench.run(["deny", "piped"]);
    await piped.ended;

    const keyed = bench.inTerminal(ask("keyed"), 100, 30);
    await keyed.says("allow it? y/n");
    await keyed.type("y");
    assert.equal((await keyed.ended).code, 0);
    assert.match(keyed.stdout, /allowed/);
  }));

Deno.test("cli: a follower beyond the connection limit waits for its turn, but its task does not", () => {
  const tight = { ...config, limits: { ...config.limits, reconnections_per_minute: 1 } };
  return withCli(async ({ run, start, taskIs }) => {
    for (const id of ["first", "second"]) {
      assert.equal((await run(["run", "echo", "--follow", "--id", id])).code, 0);
    }
    const third = start(["run", "echo third", "--follow", "--id", "third"]);
    await third.says(
      /takes no further connection now \(limits\.reconnections_per_minute\); trying again in \d+ s/,
    );
    await taskIs("third", /completed/);
    // One-shot commands need no connection.
    for (let i = 0; i < 8; i++) assert.equal((await run(["tasks"])).code, 0);
    third.kill("SIGINT");
    assert.equal((await third.ended).code, 130);
  }, tight);
});

Deno.test("cli: who shows the owner's token is not limited in reconnections, even if others have used them up", () => {
  const tight = { ...config, limits: { ...config.limits, reconnections_per_minute: 1 } };
  return withCli(async ({ run, server }) => {
    for (let i = 0; i < 2; i++) await (await server.connect()).close();
    await assert.rejects(server.connect());
    for (const id of ["first", "second", "third", "fourth"]) {
      const shown = ["--follow", "--id", id, "--data", server.data];
      const { code, stderr } = await run(["run", "echo", ...shown]);
      assert.equal(code, 0, stderr);
    }
  }, tight);
});

Deno.test("cli: a refused follower connects once a connection is free", () => {
  const tight = { ...config, limits: { ...config.limits, connections: 1 } };
  return withCli(async ({ start, run, taskIs }) => {
    const first = start(["run", "sleep 60", "--follow", "--id", "first"]);
    await first.says("running");
    const second = start(["run", "echo through", "--follow", "--id", "second"]);
    await second.says("takes no further connection now (limits.connections)");
    await taskIs("second", /completed/);
    await run(["cancel", "first"]);
    await first.ended;
    const { code, stdout } = await second.ended;
    assert.equal(code, 0);
    assert.match(stdout, /through\n[^]*task second completed/);
  }, tight);
});
