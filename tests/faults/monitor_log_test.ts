/** The server's own events are in the log that clients read: its start and end, its clients, what went wrong. */
import assert from "node:assert/strict";
import type { LogEntry } from "../../src/protocol/log.ts";
import { type TestServer, until, withServer } from "../fixtures/server.ts";

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

Deno.test("server log: start, stop, clients that come, go and are refused, with their fields", async () => {
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
    const refusals = (await serverEntries(server)).filter(({ message }) => message.includes("evil.example"));
    // The last ones are still being written.
    assert.ok(refusals.length >= 20 && refusals.length <= 110, `${refusals.length} entries`);

    assert.equal(await server.stop("SIGTERM"), 0);
    await server.start();
    await once(server, /^SIGTERM: stopping/);
    await once(server, /^Listening on /, 2);
  });
});

Deno.test("server log: a store that fails for a while costs no entry, and is not asked to tell of itself", async () => {
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
