import assert from "node:assert/strict";
import { readLines } from "../../src/agents/reporting/lines.ts";
import { withServer } from "../fixtures/server.ts";

const PROGRAM = new URL("fixtures/signalled.ts", import.meta.url).pathname;

/** The exit code of a program that is sent these signals, `pause_ms` apart, and ends by itself after 2 s. */
async function exitCode(signals: Deno.Signal[], pause_ms: number): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", PROGRAM],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  await readLines(child.stdout, async (line) => {
    if (line !== "listening") return;
    for (const [i, signal] of signals.entries()) {
      if (i > 0) await new Promise((resolve) => setTimeout(resolve, pause_ms));
      child.kill(signal);
    }
  });
  return (await child.status).code;
}

Deno.test("a second signal ends the program at once", async () => {
  assert.equal(await exitCode(["SIGINT", "SIGINT"], 600), 130);
  assert.equal(await exitCode(["SIGINT", "SIGTERM"], 600), 143);
  assert.equal(await exitCode(["SIGINT", "SIGHUP"], 600), 129);
});

Deno.test("a signal that comes twice at the same moment is one: Ctrl-C below `deno task`", async () => {
  assert.equal(await exitCode(["SIGINT", "SIGINT"], 5), 0);
});

Deno.test("SIGTERM, SIGINT and SIGHUP stop a server in order: exit 0, and its log says why", async () => {
  await withServer({}, async (server) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      assert.equal(await server.stop(signal), 0, signal);
      assert.match(server.stderr, new RegExp(`${signal}: stopping`));
      await server.start();
    }
  });
});

Deno.test("a server outlives whoever reads its log: a closed terminal does not break its end", async () => {
  await withServer({}, async (server) => {
    await server.stop();
    const [program, ...args] = server.commandOf("serve", "--port", "0", "--data", server.data);
    const child = new Deno.Command(program!, {
      args,
      cwd: server.dir,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await child.stderr.cancel();
    await readLines(child.stdout, (line) => {
      if (line.startsWith("listening")) child.kill("SIGHUP");
    });
    assert.equal((await child.status).code, 0);
  });
});
