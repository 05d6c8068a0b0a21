/** Errors that need something broken, each made to arise for real. The others are met in tests/api. */
import assert from "node:assert/strict";
import { START_PERMISSIONS, V8_FLAGS } from "../../scripts/start_flags.ts";
import { Repository } from "../fixtures/repository.ts";
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import type { TestServer } from "../fixtures/server.ts";
import { TestSocket } from "../fixtures/socket.ts";

type Fields = Record<string, unknown>;

const CONFIG = {
  limits: { enabled: false },
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh" },
};
const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const ROOT_CONFIG = new URL("../../deno.json", import.meta.url).pathname;

async function start(server: TestServer, id: string, execution: Fields = {}) {
  return await server.post({
    type: "start_task",
    task: {
      id,
      type: "testing",
      priority: "low",
      description: "an error",
      execution: { prompt: "true", ...execution },
    },
  });
}

/** The reply is this error, with its status and all details that are named. */
function assertError(
  answer: { status: number; reply: Fields },
  code: string,
  status: number,
  details: Fields,
): void {
  assert.deepEqual([answer.reply.code, answer.status], [code, status], JSON.stringify(answer.reply));
  const given = answer.reply.details as Fields;
  for (const [name, value] of Object.entries(details)) assert.deepEqual(given[name], value, name);
}

/** The codes that the task's log tells of, once it has failed. */
async function codesInLog(server: TestServer, id: string): Promise<unknown[]> {
  const socket = await server.connect();
  await until(async () =>
    ((await socket.request({ type: "get_task_status", task_id: id })).task as Fields).status === "failed"
  );
  const { data } = await socket.request({ type: "request_log_entries", filter: { agent: id } });
  return ((data as Fields).entries as { details: Fields }[]).map(({ details }) => details.code).filter(
    Boolean,
  );
}

Deno.test("FILE_NOT_FOUND and FILE_PERMISSION_DENIED: a working folder that is missing, or closed to the server", async () => {
  const secret = await Deno.makeTempDir();
  try {
    const config = { ...CONFIG, tasks: { ...CONFIG.tasks, allowed_dirs: [".", secret] } };
    await withServer(
      { config, permissions: [...START_PERMISSIONS, `--deny-read=${secret}`] },
      async (server) => {
        assertError(await start(server, "gone", { working_dir: "no/such/folder" }), "FILE_NOT_FOUND", 404, {
          field: "task.execution.working_dir",
          file_path: `${await Deno.realPath(server.dir)}/no/such/folder`,
          operation: "read",
        });
        assertError(await start(server, "secret", { working_dir: secret }), "FILE_PERMISSION_DENIED", 403, {
          file_path: secret,
          operation: "read",
          required_permissions: "read",
        });
        for (const odd of ["nul\u0000here", "x".repeat(300), "config.json", "config.json/below"]) {
          assertError(await start(server, "odd", { working_dir: odd }), "INVALID_FIELD_VALUE", 400, {});
        }
        // Of what lies outside nothing is told, not even whether it is there.
        assertError(
          await start(server, "out", { working_dir: "/no/such/folder" }),
          "INVALID_FIELD_VALUE",
          400,
          {},
        );
      },
    );
  } finally {
    await Deno.remove(secret);
  }
});

Deno.test("FILESYSTEM_ERROR: a worktree where none can be made", () =>
  withServer({ config: CONFIG }, async (server) => {
    await Repository.create(server.dir);
    await Deno.writeTextFile(`${server.data}/worktrees`, "in the way");
    assert.equal((await start(server, "isolated", { isolation: "worktree" })).status, 200);
    assert.deepEqual(await codesInLog(server, "isolated"), ["FILESYSTEM_ERROR"]);
  }));

Deno.test("MEMORY_LIMIT_EXCEEDED: new tasks are refused, other requests are answered, and the health report says so", () =>
  withServer(
    { config: { ...CONFIG, limits: { enabled: false, max_memory_bytes: 64 << 20 } } },
    async (server) => {
      const refused = await start(server, "large");
      assertError(refused, "MEMORY_LIMIT_EXCEEDED", 507, {
        limit_bytes: 64 << 20,
        limit: "max_memory_bytes",
      });
      assert.ok(Number((refused.reply.details as Fields).current_bytes) > 64 << 20);
      assert.equal((await server.post({ type: "list_tasks" })).status, 200);
      const { data } = (await server.post({ type: "request_system_health" })).reply;
      const issues = (data as Fields).issues as Fields[];
      assert.ok(
        issues.some(({ code, component }) =>
          code === "MEMORY_LIMIT_EXCEEDED" && component === "task_manager"
        ),
      );
    },
  ));

Deno.test("METRICS_UNAVAILABLE: metrics are switched off", () =>
  withServer({ config: { ...CONFIG, monitor: { metrics: false } } }, async (server) => {
    const answer = await server.post({ type: "request_metrics", time_range: "1h" });
    assertError(answer, "METRICS_UNAVAILABLE", 503, { setting: "monitor.metrics" });
    assert.equal((await server.post({ type: "ping", timestamp: 1 })).status, 200);
  }));

Deno.test("DATABASE_CONNECTION_ERROR: another program locks the store; reads continue, and the server recovers", async () => {
  const { DatabaseSync } = await import("node:sqlite");
  await withServer({ config: CONFIG }, async (server) => {
    const other = new DatabaseSync(`${server.data}/store.sqlite3`);
    other.exec("BEGIN EXCLUSIVE");
    const answer = await start(server, "late");
    assertError(answer, "DATABASE_CONNECTION_ERROR", 503, { operation: "commit" });
    assert.equal((await server.post({ type: "list_tasks" })).status, 200);
    other.exec("COMMIT");
    other.close();
    await until(async () => (await start(server, "again")).status === 200);
  });
});

Deno.test("LOG_FILE_ERROR: a damaged part of the log is named, and the rest is read without it", () =>
  withServer({ config: CONFIG }, async (server) => {
    await start(server, "noisy", {
      prompt: "i=0; while [ $i -lt 3000 ]; do echo line $i of the log; i=$((i+1)); done",
    });
    const read = async (filter: Fields) =>
      await server.post({ type: "request_log_entries", limit: 1, filter: { agent: "noisy", ...filter } });
    await until(async () =>
      ((await read({ message_contains: "Task completed" })).reply.data as Fields).filtered_count === 1
    );
    await server.stop();

    const kv = await Deno.openKv(`${server.data}/store.sqlite3`);
    const chunks = await Array.fromAsync(kv.list<Uint8Array>({ prefix: ["log", "chunk"] }));
    assert.ok(chunks.length > 3, `${chunks.length} chunks`);
    const { key, value } = chunks[1]!;
    await kv.set(key, value.map((byte, i) => i < value.length / 2 ? byte : 0));
    kv.close();
    await server.start();

    const damaged = await read({ message_contains: "line" });
    assertError(damaged, "LOG_FILE_ERROR", 500, { operation: "read", chunk: key.at(-1) });
    const { start: from, end } = damaged.reply.details as { start: string; end: string };
    const before = await read({
      message_contains: "line",
      time_range: { end: new Date(Date.parse(from) - 1).toISOString() },
    });
    const after = await read({
      message_contains: "line",
      time_range: { start: new Date(Date.parse(end) + 1).toISOString() },
    });
    assert.deepEqual([before.status, after.status], [200, 200]);
    assert.ok(Number((after.reply.data as Fields).filtered_count) > 100);
  }));

Deno.test({
  name: "SERVER_OVERLOAD: no more files for another process; and the door opens again when there are",
  ignore: Deno.build.os !== "linux",
}, () => {
  const flags = ["run", "--quiet", "--no-prompt", ...V8_FLAGS, "--config", ROOT_CONFIG, ...START_PERMISSIONS];
  const command = ["prlimit", "--nofile=90:90", Deno.execPath(), ...flags, MAIN];
  return withServer({ command, config: CONFIG }, async (server) => {
    const watcher = await server.connect();
    await watcher.request({ type: "subscribe_to_updates", channels: ["log_entries"] });
    const begin = async (id: string) => {
      const task = {
        id,
        type: "testing",
        priority: "low",
        description: "no room",
        execution: { prompt: "true" },
      };
      assert.equal((await watcher.request({ type: "start_task", task })).type, "task_started");
    };
    const entry = (wanted: (log: Fields & { details: Fields }) => boolean) =>
      watcher.next((m) => m.type === "log_entry" && wanted(m.log as Fields & { details: Fields }));
    await begin("first");
    await entry(({ agent, message }) => agent === "first" && message === "Task completed");

    const sockets: Deno.Conn[] = [];
    const { hostname, port } = new URL(server.url);
    try {
      for (let i = 0; i < 200; i++) sockets.push(await Deno.connect({ hostname, port: Number(port) }));
    } catch (error) {
      // Refused or reset: the server has no file left for one more.
      assert.ok(
        error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.ConnectionReset,
      );
    }
    await begin("full");
    const told = await entry(({ agent, details }) => agent === "full" && details.code !== undefined);
    assert.equal((told.log as { details: Fields }).details.code, "SERVER_OVERLOAD");
    sockets.forEach((socket) => socket.close());

    // A new connection, after a listener that ended for want of files.
    await until(() =>
      TestSocket.connect(server.url).then((socket) => socket.close().then(() => true), () => false)
    );
    await begin("after");
    await entry(({ agent, message }) => agent === "after" && message === "Task completed");
  });
});
