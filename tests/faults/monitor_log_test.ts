/** The server's own events are in the log that clients read: its start and end, its clients, what went wrong. */
import assert from "node:assert/strict";
import type { LogEntry } from "../../src/domain/log_entry.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

async function serverEntries(server: TestServer): Promise<LogEntry[]> {
  const { reply } = await server.post({
    type: "request_log_entries",
    limit: 1000,
    filter: { agent: "server" },
    sort: { field: "time", order: "asc" },
  });
  return (reply.data as { entries: LogEntry[] }).entries;
}

/** The entries whose message matches, once there are so many. */
async function once(server: TestServer, pattern: RegExp, count = 1): Promise<LogEntry[]> {
  let found: LogEntry[] = [];
  await until(async () => {
    found = (await serverEntries(server)).filter(({ message }) => pattern.test(message));
    return found.length >= count;
  });
  assert.equal(found.length, count, JSON.stringify(found));
  return found;
}

Deno.test("server log: has start, stop, and clients that connect, leave or are refused, with their fields", async () => {
  const limits = {
    connections: 1,
    log_queries_per_minute: 10_000,
    messages_per_minute: 10_000,
    global_messages_per_minute: 10_000,
    burst_per_second: 10_000,
  };
  const config = { limits };
  await withServer({ config }, async (server) => {
    const [started] = await once(server, /^Listening on /);
    assert.deepEqual([started!.level, started!.source, started!.details.url], ["info", "main", server.url]);

    const socket = await server.connect();
    await new Promise((resolve) => {
      new WebSocket(`${server.url.replace("http", "ws")}/ws`).onclose = resolve;
    });
    await socket.close();
    await once(server, /^Client 1 connected from 127\.0\.0\.1$/);
    await once(server, /^Client 1 from 127\.0\.0\.1 has gone$/);
    const [over] = await once(server, /^Client from 127\.0\.0\.1 refused: /);
    assert.equal(over!.details.code, "CONNECTION_LIMIT_EXCEEDED");

    const foreign = await server.post({ type: "ping" }, { origin: "https://evil.example" });
    assert.equal(foreign.status, 403);
    const [refused] = await once(server, /^Client from 127\.0\.0\.1 refused: .*evil\.example/);
    assert.deepEqual([refused!.level, refused!.details.code, refused!.details.ip], [
      "warn",
      "PERMISSION_DENIED",
      "127.0.0.1",
    ]);

    // A page that knocks without end fills no log.
    for (let i = 0; i < 200; i++) await server.post({ type: "ping" }, { origin: "https://evil.example" });
    const refusals = async () =>
      (await serverEntries(server)).filter(({ message }) => message.includes("evil.example")).length;
    await until(async () => await refusals() >= 40);
    assert.ok(await refusals() <= 110, "at most 50 of a kind within ten seconds");

    assert.equal(await server.stop("SIGTERM"), 0);
    await server.start();
    await once(server, /^SIGTERM: stopping/);
    await once(server, /^Listening on /, 2);
  });
});

Deno.test("server log: a store that fails for a while loses no entry, and its own failures are not written to it", async () => {
  const { DatabaseSync } = await import("node:sqlite");
  await withServer({ config: { limits: { enabled: false } } }, async (server) => {
    await once(server, /^Listening on /);
    const other = new DatabaseSync(`${server.data}/store.sqlite3`);
    other.exec("BEGIN EXCLUSIVE");
    for (let i = 0; i < 5; i++) await (await server.connect()).close();
    other.exec("COMMIT");
    other.close();
    await once(server, /^Client \d+ connected/, 5);
    await once(server, /^Client \d+ from \S+ has gone/, 5);
    assert.ok(!(await serverEntries(server)).some(({ source }) => source === "store"));
  });
});

Deno.test("task log: has each event of a task outside its attempts once, with its fields", async () => {
  const config = {
    limits: { enabled: false },
    agents: {
      sleep: { protocol: "command", command: ["sleep", "300"] },
      fails: { protocol: "command", command: ["false"] },
    },
    tasks: { default_agent: "sleep", max_concurrent: 1 },
  };
  await withServer({ config }, async (server) => {
    const start = async (id: string, more: object = {}) => {
      const task = { id, type: "testing", priority: "low", description: id, ...more };
      assert.equal((await server.post({ type: "start_task", task })).status, 200);
    };
    const told = async (agent: string) => {
      const { reply } = await server.post({
        type: "request_log_entries",
        filter: { agent, source_file: "engine", message_contains: "Task " },
        sort: { field: "time", order: "asc" },
      });
      return (reply.data as { entries: LogEntry[] }).entries;
    };
    await start("first", { execution: { agent: "fails", max_attempts: 1 } });
    await start("second", { dependencies: ["first"] });
    await until(async () => (await told("second")).length === 1);
    const [failed] = await told("second");
    assert.deepEqual([failed!.level, failed!.message], [
      "error",
      "Task is failed now, after pending: Dependency 'first' failed",
    ]);
    await start("runs");
    await start("waits");
    for (const type of ["pause_task", "resume_task", "cancel_task", "retry_task"]) {
      assert.equal((await server.post({ type, task_id: "waits" })).status, 200, type);
    }
    await until(async () => (await told("waits")).length === 4);
    const by = { kind: "anonymous", tenant: "default" };
    assert.deepEqual((await told("waits")).map(({ details }) => details), [
      { old_status: "queued", new_status: "paused", by },
      { old_status: "paused", new_status: "queued", by },
      { old_status: "queued", new_status: "cancelled", by },
      { old_status: "cancelled", new_status: "queued", by },
    ]);
    assert.deepEqual((await told("waits"))[0]!.context, { task_id: "waits" });
    assert.deepEqual(await told("runs"), []);
  });
});
