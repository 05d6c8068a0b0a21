/**
 * A signal ends the server also when it cannot store any more, or nobody reads what it says: soon, with a code that
 * tells, and without leaving an agent.
 */
import assert from "node:assert/strict";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { readAddress } from "../../src/cli/server_address.ts";
import type { Health } from "../../src/protocol/system_messages.ts";
import { testedProgram } from "../fixtures/program.ts";
import { TestServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { maySmallDisk, smallDisk, unmount } from "./fixtures/small_disk.ts";

const SLEEP = "sleep 298.13";
const config = {
  limits: { enabled: false },
  agents: { sleeper: { protocol: "command", command: ["sh", "-c", `echo begun; ${SLEEP} & ${SLEEP}`] } },
  tasks: { default_agent: "sleeper" },
};

/** Runs a server with a task in `dir`, breaks what it stands on, ends it, and returns what it then says. */
async function lastWords(
  dir: string,
  signal: Deno.Signal,
  breakIt: (server: TestServer) => Promise<unknown>,
): Promise<string> {
  const server = new TestServer(dir, { config }, {});
  try {
    await server.start();
    const task = { id: "sleeps", type: "feature", priority: "low", description: "sleep" };
    assert.equal((await server.post({ type: "start_task", task })).status, 200);
    // The shell and its two children.
    await until(async () => await server.processesMatching(SLEEP) === 3);
    await breakIt(server);
    assert.equal(await databaseHealth(server), "unhealthy");
    assert.equal(await server.stop(signal), 1);
    assert.equal(await server.processesMatching(SLEEP), 0);
    return server.stderr;
  } finally {
    await server.stop("SIGKILL");
  }
}

async function withFolder(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "oa-test-" }));
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function databaseHealth(server: TestServer): Promise<string | undefined> {
  const { reply } = await server.post({ type: "request_system_health" });
  return (reply as { data: Health }).data.components.database;
}

function assertSaid(stderr: string, what: RegExp): void {
  assert.match(stderr, what);
  assert.doesNotMatch(stderr, /nothing caught|\n\s+at /);
}

Deno.test("SIGTERM ends a server whose data folder was removed: exit 1, and it says what is lost", () =>
  withFolder(async (dir) => {
    const said = await lastWords(dir, "SIGTERM", ({ data }) => Deno.remove(data, { recursive: true }));
    assertSaid(said, /store: did not stop in order: .* was removed, moved or replaced/);
  }));

Deno.test("SIGINT ends a server whose data folder is another by now, which it leaves alone", () =>
  withFolder(async (dir) => {
    const said = await lastWords(dir, "SIGINT", async ({ data }) => {
      await Deno.rename(data, `${dir}/moved`);
      await Deno.mkdir(data);
      await Deno.writeTextFile(`${data}/store.sqlite3`, "not ours");
    });
    assertSaid(said, /was removed, moved or replaced/);
    assert.deepEqual([...Deno.readDirSync(`${dir}/data`)].map(({ name }) => name), ["store.sqlite3"]);
  }));

Deno.test("SIGHUP ends a server whose data folder is a file by now", () =>
  withFolder(async (dir) => {
    const said = await lastWords(dir, "SIGHUP", async ({ data }) => {
      await Deno.remove(data, { recursive: true });
      await Deno.writeTextFile(data, "");
    });
    assertSaid(said, /was removed, moved or replaced/);
  }));

Deno.test("SIGTERM ends a server whose readers and data folder are both gone", () =>
  withFolder(async (dir) => {
    const [program, ...args] = [
      ...testedProgram(START_PERMISSIONS),
      "serve",
      "--port",
      "0",
      "--data",
      `${dir}/data`,
    ];
    const child = new Deno.Command(program!, { args, stdin: "null", stdout: "piped", stderr: "piped" })
      .spawn();
    await child.stderr.cancel();
    await until(() => readAddress(`${dir}/data`) !== undefined);
    await child.stdout.cancel();
    await Deno.remove(`${dir}/data`, { recursive: true });
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 1);
  }));

Deno.test("SIGTERM ends a server on a full disk, which says what it could not store", {
  ignore: !maySmallDisk,
}, async () => {
  const dir = await smallDisk();
  try {
    const said = await lastWords(dir, "SIGTERM", () =>
      assert.rejects(async () => {
        using file = await Deno.open(`${dir}/ballast`, { createNew: true, append: true });
        while (true) await file.write(new Uint8Array(4096));
      }));
    assertSaid(said, /Running tasks could not be put back/);
    assertSaid(said, /Result of task sleeps not stored yet/);
    assertSaid(said, /log entr(y|ies) could not be stored/);
  } finally {
    await unmount(dir);
  }
});
