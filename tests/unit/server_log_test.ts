/** What the server logs by itself, as entries of the log that clients read. */
import assert from "node:assert/strict";
import { configure, getLogger, reset } from "@logtape/logtape";
import { errorReply } from "../../src/api/error_reply.ts";
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import { EventBus } from "../../src/engine/events.ts";
import { ApiError } from "../../src/domain/errors.ts";
import type { LogEntry } from "../../src/domain/log_entry.ts";
import { ServerLog } from "../../src/boot/server_log.ts";
import { loadStore } from "../../src/store/open.ts";
import { tapped } from "./store_fixtures.ts";

const log = getLogger(["opencode-agents", "engine"]);

async function logging(
  test: (world: { serverLog: ServerLog; time: { ms: number }; printed: string[] }) => Promise<void>,
): Promise<void> {
  const time = { ms: 0 };
  const clock: Clock = { ...systemClock, monotonic: () => time.ms };
  const serverLog = new ServerLog(clock);
  const printed: string[] = [];
  await configure({
    reset: true,
    sinks: { ours: serverLog.sink, meta: (record) => printed.push(record.message.join("")) },
    loggers: [
      { category: ["logtape", "meta"], sinks: ["meta"], lowestLevel: "warning" },
      { category: ["opencode-agents"], sinks: ["ours"], lowestLevel: "info" },
    ],
  });
  try {
    await test({ serverLog, time, printed });
  } finally {
    await reset();
  }
}

async function entriesOf(store: Awaited<ReturnType<typeof loadStore>>): Promise<LogEntry[]> {
  await store.logs.flush();
  return (await store.logs.query({ order: "asc", limit: 1000 })).entries;
}

Deno.test("entries from before the store opened come first, then later ones, with all their fields", async () => {
  await logging(async ({ serverLog, printed }) => {
    log.info("Recovered {tasks} tasks", { tasks: 3 });
    const store = await loadStore(tapped(), systemClock);
    serverLog.attach((entry) => store.logs.append(entry));
    log.warn("Task {task_id} has {odd}", { task_id: "t1", odd: 10n });
    const [early, later] = await entriesOf(store);
    assert.deepEqual({ ...early, time: "" }, {
      time: "",
      level: "info",
      message: "Recovered 3 tasks",
      agent: "server",
      source: "engine",
      details: { tasks: 3 },
      context: {},
    });
    assert.deepEqual([later!.level, later!.message, later!.context], ["warn", "Task t1 has 10", {
      task_id: "t1",
    }]);
    assert.deepEqual(printed, []);
    await store.close();
  });
});

Deno.test("an unexpected failure of a request is an entry with its stack; an expected one has a code instead", async () => {
  await logging(async ({ serverLog }) => {
    const store = await loadStore(tapped(), systemClock);
    serverLog.attach((entry) => store.logs.append(entry));
    const bug = new TypeError("cannot read x of undefined");
    const reply = errorReply(bug, systemClock, "start_task");
    assert.deepEqual([reply.code, /undefined/.test(reply.message)], ["SERVICE_UNAVAILABLE", false]);
    log.error("Result not stored: {error}", {
      error: new ApiError("DATABASE_ERROR", "locked", { path: "p" }),
    });
    const [first, second] = await entriesOf(store);
    assert.equal(first!.level, "error");
    assert.match(first!.message, /start_task: cannot read x of undefined/);
    assert.equal(first!.stack_trace, bug.stack);
    assert.deepEqual(first!.details.error, { name: "TypeError", message: bug.message });
    assert.equal(second!.stack_trace, undefined);
    assert.deepEqual(second!.details.error, { code: "DATABASE_ERROR", message: "locked", path: "p" });
    await store.close();
  });
});

Deno.test("a flood of the same message is cut and reported; other messages are not delayed", async () => {
  await logging(async ({ serverLog, time }) => {
    const store = await loadStore(tapped(), systemClock);
    serverLog.attach((entry) => store.logs.append(entry));
    for (let i = 0; i < 10_000; i++) log.warn("Client from {ip} refused", { ip: `10.0.0.${i % 200}` });
    log.info("another");
    time.ms += 10_000;
    log.info("later");
    for (let i = 0; i < 60; i++) log.info("once more");
    serverLog.close();
    const entries = await entriesOf(store);
    const count = (text: string) => entries.filter(({ message }) => message.startsWith(text)).length;
    assert.deepEqual([count("Client from 10"), count("another"), count("later"), count("once more")], [
      50,
      1,
      1,
      50,
    ]);
    assert.deepEqual(
      entries.filter(({ details }) => details.left_out).map(({ details }) => details.left_out),
      [9950, 10],
    );
    await store.close();
  });
});

Deno.test("a store's failure is not logged to itself, and waiting entries are stored once it works again", async () => {
  await logging(async ({ serverLog }) => {
    const kv = tapped();
    const store = await loadStore(kv, systemClock);
    serverLog.attach((entry) => store.logs.append(entry));
    let failures = 0;
    kv.before = () => {
      if (failures++ >= 2) return undefined;
      return Promise.reject(new ApiError("DATABASE_ERROR", "database is locked"));
    };
    log.info("while it fails");
    await assert.rejects(store.logs.flush(), /locked/);
    const entries = await (async () => {
      for (;;) {
        try {
          return await entriesOf(store);
        } catch {
          // It fails a second time.
        }
      }
    })();
    assert.deepEqual(entries.map(({ message }) => message), ["while it fails"]);
    await store.close();
  });
});

Deno.test("a listener that fails on entries creates no new entries", async () => {
  await logging(async ({ serverLog }) => {
    const store = await loadStore(tapped(), systemClock);
    const bus = new EventBus();
    let told = 0;
    bus.listen(() => {
      told++;
      throw new Error("a bug of the listener");
    });
    store.changes.subscribe("log", (entries) => {
      serverLog.quietly(() => bus.publish({ kind: "log.appended", entries }));
    });
    serverLog.attach((entry) => store.logs.append(entry));
    log.info("one");
    await store.logs.flush();
    await store.logs.flush();
    assert.deepEqual([told, store.logs.size], [1, 1]);
    log.info("two");
    assert.equal((await entriesOf(store)).length, 2);
    await store.close();
  });
});
