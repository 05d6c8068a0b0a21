/** Backups of a server at work, and what `restore` makes of them. */
import assert from "node:assert/strict";
import { type TestServer, withServer } from "../fixtures/server.ts";
import type { Message } from "../fixtures/socket.ts";
import { until } from "../fixtures/until.ts";
import { run } from "./fixtures/commands.ts";

const config = {
  limits: { enabled: false },
  agents: {
    quick: { protocol: "command", command: ["echo", "done"] },
    slow: { protocol: "command", command: ["sleep", "61.25"] },
  },
  tasks: { default_agent: "quick", max_concurrent: 3 },
};

const task = (id: string, more: object = {}) => ({
  type: "start_task",
  task: { id, type: "testing", priority: "medium", description: `task ${id} ${"x".repeat(900)}`, ...more },
});

/** Starts tasks one after another until it is told to end; tells each that was acknowledged. */
async function keepStarting(server: TestServer, name: string, acknowledged: string[], signal: AbortSignal) {
  const socket = await server.connect();
  for (let n = 0; !signal.aborted; n++) {
    const reply = await socket.request(task(`${name}_${n}`));
    assert.equal(reply.type, "task_started");
    acknowledged.push(`${name}_${n}`);
  }
}

async function tasksOf(server: TestServer): Promise<Map<string, Message>> {
  const { reply } = await server.post({ type: "list_tasks", limit: 1000 });
  return new Map((reply.tasks as Message[]).map((one) => [one.id as string, one]));
}

Deno.test("a backup of a busy server is consistent, contains everything acknowledged before it, and can be restored", async () => {
  await withServer({ config }, async (server) => {
    const { reply } = await server.post(task("running", { execution: { agent: "slow" } }));
    assert.equal(reply.type, "task_started", JSON.stringify(reply));
    await until(async () => (await tasksOf(server)).get("running")?.status === "running");
    const acknowledged: string[] = [];
    const load = new AbortController();
    const clients = ["a", "b", "c"].map((name) => keepStarting(server, name, acknowledged, load.signal));
    await until(() => acknowledged.length > 30);
    const before = [...acknowledged];
    const file = `${server.dir}/today.backup`;
    const { code, stdout, stderr } = await run(server, "backup", file, "--data", server.data, "--json");
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).bytes, (await Deno.stat(file)).size);
    if (Deno.build.os !== "windows") assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
    load.abort();
    await Promise.all(clients);
    assert.ok(acknowledged.length > before.length, "nothing went on while the backup was made");

    const again = await run(server, "backup", file, "--data", server.data);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /there already; --force/);
    assert.deepEqual(
      [...Deno.readDirSync(server.dir)].map(({ name }) => name).filter((name) => name.includes("backup")),
      ["today.backup"],
    );

    const inUse = await run(server, "restore", file, "--data", server.data);
    assert.equal(inUse.code, 1);
    assert.match(inUse.stderr, new RegExp(`in use by another server \\(pid ${server.pid}\\)`));

    await server.post(task("after_the_backup"));
    await server.stop("SIGKILL");
    const restored = await run(server, "restore", file, "--data", server.data, "--json");
    assert.equal(restored.code, 0, restored.stderr);
    const { kept, tasks } = JSON.parse(restored.stdout);
    assert.equal((await Deno.stat(kept)).isFile, true);
    await server.start();
    const found = await tasksOf(server);
    assert.equal(found.size, tasks);
    for (const id of before) assert.ok(found.has(id), `${id} was acknowledged before the backup`);
    assert.equal(found.has("after_the_backup"), false);
    // One moment: of each client the tasks up to some number, none missing in between.
    for (const name of ["a", "b", "c"]) {
      const numbers = [...found.keys()].filter((id) => id.startsWith(`${name}_`)).map((id) =>
        Number(id.slice(2))
      );
      assert.deepEqual(numbers.sort((a, b) => a - b), numbers.map((_, i) => i));
    }
    await until(async () => {
      const one = (await tasksOf(server)).get("running")!;
      return one.status === "running" && one.attempt === 2;
    });
    await server.stop("SIGTERM");

    // And the store that was there can be had back.
    assert.equal((await run(server, "restore", kept, "--data", server.data)).code, 0);
    await server.start();
    const original = await tasksOf(server);
    for (const id of [...acknowledged, "after_the_backup"]) assert.ok(original.has(id), `${id} is lost`);
  });
});

Deno.test("an unsound backup is refused, and the store stays unchanged", async () => {
  await withServer({ config }, async (server) => {
    await server.post(task("kept"));
    await server.stop("SIGTERM");
    const store = `${server.data}/store.sqlite3`;
    const file = `${server.dir}/good.backup`;
    assert.equal((await run(server, "backup", file, "--data", server.data)).code, 0);
    const before = await Deno.readFile(store);
    const damaged = await Deno.readFile(file);
    damaged.fill(0xa5, 8192, 16_384);
    await Deno.writeFile(`${server.dir}/damaged.backup`, damaged);
    await Deno.writeFile(`${server.dir}/half.backup`, (await Deno.readFile(file)).subarray(0, 20_480));
    await Deno.writeTextFile(`${server.dir}/letter.backup`, "this is somebody's letter\n".repeat(100));
    await Deno.writeTextFile(`${server.dir}/empty.backup`, "");
    for (const name of ["damaged", "half", "letter", "empty"]) {
      const { code, stderr } = await run(
        server,
        "restore",
        `${server.dir}/${name}.backup`,
        "--data",
        server.data,
      );
      assert.equal(code, 1, name);
      assert.match(stderr, /DATABASE_ERROR: .* is damaged or not a store/, name);
    }
    const missing = await run(server, "restore", `${server.dir}/none`, "--data", server.data);
    assert.match(missing.stderr, /FILE_NOT_FOUND/);
    assert.ok((await Deno.readFile(store)).every((byte, i) => byte === before[i]));
    const names = [...Deno.readDirSync(server.data)].map(({ name }) => name);
    assert.deepEqual(names.filter((name) => /draft|replaced/.test(name)), []);
  });
});

Deno.test("a store that no longer opens is kept next to the restored one", async () => {
  await withServer({ config }, async (server) => {
    await server.post(task("kept"));
    const file = `${server.dir}/good.backup`;
    assert.equal((await run(server, "backup", file, "--data", server.data)).code, 0);
    await server.stop("SIGTERM");
    await Deno.writeTextFile(`${server.data}/store.sqlite3`, "no store any more");
    const { code, stdout, stderr } = await run(server, "restore", file, "--data", server.data, "--json");
    assert.equal(code, 0, stderr);
    assert.ok(await Deno.readTextFile(JSON.parse(stdout).kept) === "no store any more");
    await server.start();
    assert.ok((await tasksOf(server)).has("kept"));
  });
});
