import assert from "node:assert/strict";
import fc from "fast-check";
import { isoTime, systemClock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import type { LogEntry, LogLevel } from "../../src/domain/log_entry.ts";
import { LEVELS } from "../../src/store/log_chunk.ts";
import { GroupCommit } from "../../src/store/group_commit.ts";
import { chunkKey, searchTextKey } from "../../src/store/log_keys.ts";
import { FIRST_NODE } from "../../src/store/node_lease.ts";
import { lineOf, scalarsOf } from "../../src/store/log_line.ts";
import type { LogQuery, SeqEntry } from "../../src/store/log_query.ts";
import type { LogPage } from "../../src/store/log_answer.ts";
import { LogStore } from "../../src/store/log_store.ts";
import { until } from "../fixtures/until.ts";
import { entry, handClock, logOn, messages, newestFirst, refused } from "./log_fixtures.ts";
import { gate, tapped } from "./store_fixtures.ts";

const markAt = (seq: number | undefined) => seq === undefined ? undefined : new Map([[FIRST_NODE, seq]]);

// ---- writing

Deno.test("entries are published after their commit, in order, with growing numbers", async () => {
  const kv = tapped();
  const held = gate();
  kv.before = () => held.closed.then(() => undefined);
  const told: SeqEntry[] = [];
  const logs = await logOn(kv, handClock(), (entries) => told.push(...entries));
  for (let i = 0; i < 10; i++) logs.append(entry(`m${i}`));
  const flushed = logs.flush();
  while (kv.sent.length === 0) await Promise.resolve();
  assert.deepEqual([told.length, logs.last_seq, logs.size], [0, 0, 0]);
  held.open();
  await flushed;
  assert.deepEqual(told.map(({ seq }) => seq), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(told.map(({ entry }) => entry.message), Array.from({ length: 10 }, (_, i) => `m${i}`));
  assert.deepEqual([logs.last_seq, logs.size], [10, 10]);
  await logs.close();
});

Deno.test("a commit that waits for the log to be handed over shares its group, or follows it", async () => {
  const kv = tapped();
  const commits = new GroupCommit(kv);
  const logs = new LogStore(kv, commits, handClock(), () => {});
  await logs.load();
  const end = async (name: string) => {
    await logs.handOver();
    await commits.commit({ sets: [{ key: [name], value: new Uint8Array() }] });
  };
  const written = () => kv.sent.map(({ sets = [] }) => sets.map(({ key }) => key[0]));
  // An idle log, one that pauses between two commits, and one that has nothing to write.
  logs.append(entry("one"));
  await end("first");
  logs.append(entry("two"));
  await end("second");
  await end("third");
  assert.deepEqual(written(), [["log", "log", "first"], ["log", "log", "second"], ["third"]]);
  // One that is writing: the entry goes with the next commit, and the end with it.
  const held = gate();
  kv.before = () => held.closed.then(() => undefined);
  logs.append(entry("three"));
  const fourth = end("fourth");
  while (kv.sent.length === 3) await Promise.resolve();
  logs.append(entry("four"));
  const fifth = end("fifth");
  held.open();
  await Promise.all([fourth, fifth]);
  assert.deepEqual(written().slice(3), [["log", "log", "fourth"], ["log", "log", "fifth"]]);
  await logs.close();
});

Deno.test("a log that cannot be written refuses to be handed over, and is handed over when it can", async () => {
  const kv = tapped();
  const logs = await logOn(kv, handClock());
  kv.before = () => Promise.reject(new Error("disk full"));
  logs.append(entry("one"));
  await logs.handOver();
  const flushed = logs.flush();
  await assert.rejects(flushed, /disk full/);
  kv.before = () => undefined;
  await logs.handOver();
  await logs.close();
  assert.equal(logs.last_seq, 1);
});

Deno.test("timestamps never go back, whatever the clock does, also across a restart", async () => {
  const kv = tapped();
  const clock = handClock();
  const logs = await logOn(kv, clock);
  const start = clock.time;
  for (const step of [0, 5, -1000, 3]) {
    clock.time += step;
    logs.append(entry("m"));
  }
  await logs.close();
  const again = await logOn(tapped(kv.memory.reopened()), clock);
  again.append(entry("after"));
  await again.flush();
  const page = await again.query({ order: "asc", limit: 10 });
  const times = [start, start + 5, start + 5, start + 5, start + 5].map(isoTime);
  assert.deepEqual(page.entries.map(({ time }) => time), times);
  assert.equal(again.last_seq, 5);
  await again.close();
});

Deno.test("a trickle is written at once, then at most every 50 ms", async () => {
  const kv = tapped();
  const pauses: number[] = [];
  const clock = handClock();
  clock.after = (ms, action) => {
    pauses.push(ms);
    return systemClock.after(0, action);
  };
  clock.monotonic = () => 1000;
  const logs = await logOn(kv, clock);
  logs.append(entry("first"));
  await until(() => logs.last_seq >= 1);
  assert.deepEqual(pauses, []);
  logs.append(entry("second"));
  await until(() => logs.last_seq >= 2);
  assert.deepEqual(pauses, [50]);
  // Who asks for durability does not wait for the interval.
  logs.append(entry("third"));
  await logs.flush();
  assert.deepEqual(pauses, [50]);
  await logs.close();
});

Deno.test("a writer that appends too much waits until there is room", async () => {
  const kv = tapped();
  const held = gate();
  kv.before = () => held.closed.then(() => undefined);
  const logs = await logOn(kv, handClock());
  let appended = 0;
  let wait: void | Promise<void>;
  while (!(wait = logs.append(entry("x".repeat(100))))) appended++;
  assert.equal(appended, 5000);
  held.open();
  await wait;
  await logs.flush();
  assert.equal(logs.last_seq, 5001);
  await logs.close();
});

Deno.test("beyond the bound, entries are dropped, and an entry says how many", async () => {
  const kv = tapped();
  const held = gate();
  kv.before = () => held.closed.then(() => undefined);
  const logs = await logOn(kv, handClock());
  for (let i = 0; i < 50_007; i++) void logs.append(entry("m"));
  held.open();
  await logs.flush();
  await logs.flush();
  const page = await logs.query({ ...newestFirst, levels: ["warn"] });
  assert.deepEqual(page.entries.map(({ details }) => details), [{ dropped: 7 }]);
  assert.equal(page.total_count, 50_001);
  await logs.close();
});

Deno.test("while the store fails, entries wait and flush rejects; it catches up by itself", async () => {
  const kv = tapped();
  kv.before = () => Promise.reject(new ApiError("DISK_SPACE_EXCEEDED", "full"));
  const clock = handClock();
  clock.after = (_ms, action) => systemClock.after(1, action);
  const logs = await logOn(kv, clock);
  logs.append(entry("one"));
  await assert.rejects(logs.flush(), refused("DISK_SPACE_EXCEEDED"));
  await assert.rejects(logs.flush(), refused("DISK_SPACE_EXCEEDED"));
  logs.append(entry("two"));
  kv.before = () => undefined;
  await until(() => logs.last_seq >= 2);
  assert.deepEqual(messages(await logs.query(newestFirst)), ["two", "one"]);
  await logs.close();
});

Deno.test("closing commits waiting entries, and ends even if the store fails", async () => {
  const kv = tapped();
  const logs = await logOn(kv, handClock());
  logs.append(entry("first"));
  await logs.flush();
  logs.append(entry("last words"));
  await logs.close();
  logs.append(entry("too late"));
  const again = await logOn(tapped(kv.memory.reopened()), handClock());
  assert.deepEqual(messages(await again.query(newestFirst)), ["last words", "first"]);
  const broken = tapped();
  broken.before = () => Promise.reject(new ApiError("DATABASE_ERROR", "broken"));
  const doomed = await logOn(broken, handClock());
  doomed.append(entry("lost"));
  await doomed.close();
});

Deno.test("an entry of any size fits into a chunk", async () => {
  const kv = tapped();
  const logs = await logOn(kv, handClock());
  const huge = "\u0001".repeat(100_000);
  logs.append(entry("long details", { details: { huge }, context: { huge }, stack_trace: huge }));
  logs.append(entry(huge, { source: huge, agent: huge }));
  logs.append(entry("ü".repeat(25_000)));
  await logs.flush();
  const { entries } = await logs.query({ order: "asc", limit: 10 });
  assert.deepEqual(entries[0]!.details, { truncated: true });
  assert.deepEqual(entries[1]!.details, { truncated: true, message_length: 100_000 });
  assert.equal(entries[2]!.message.length, 25_000);
  await logs.close();
});

Deno.test("a page that all agents share has a header that fits, whatever they are called", async () => {
  const kv = tapped();
  const logs = await logOn(kv, handClock());
  const odd = ["constructor", "__proto__", "toString", '"', "\\", "ü"];
  for (const agent of odd) logs.append(entry("m", { agent }));
  for (let i = 0; i < 3000; i++) logs.append(entry("", { agent: `${"\u0001".repeat(150)}${i}`, source: "" }));
  await logs.flush();
  for (const agent of odd) {
    assert.equal((await logs.query({ ...newestFirst, agents: [agent] })).filtered_count, 1, agent);
  }
  await logs.close();
});

// ---- reading

type Asked = Omit<LogQuery, "until"> & { until_seq?: number };

const lower = (text: string) => text.toLowerCase().replaceAll("ς", "σ");

/** The same answers, the slow way. */
function expected(
  all: SeqEntry[],
  query: Asked,
): Omit<LogPage, "next_cursor" | "has_more"> & { seqs: number[] } {
  const has = (text: string, wanted: string | undefined) =>
    wanted === undefined || lower(text).includes(lower(wanted));
  const from = Math.max(query.start_ms ?? 0, query.since_ms ?? 0);
  const found = all.filter(({ seq, entry }) =>
    seq <= (query.until_seq ?? Infinity) && Date.parse(entry.time) >= from &&
    Date.parse(entry.time) <= (query.end_ms ?? Infinity) &&
    (query.levels?.includes(entry.level) ?? true) && (query.agents?.includes(entry.agent) ?? true) &&
    has(entry.message, query.message_contains) && has(entry.source, query.source_file) &&
    has(JSON.stringify(entry.details), query.details_contains)
  );
  const times = found.map(({ entry }) => entry.time);
  const count = (level: LogLevel) => found.filter(({ entry }) => entry.level === level).length;
  const direction = query.order === "asc" ? 1 : -1;
  const field = query.sort_field ?? "time";
  const key = ({ entry }: SeqEntry) => field === "level" ? LEVELS.indexOf(entry.level) : entry[field];
  found.sort((a, b) => direction * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.seq - b.seq));
  return {
    seqs: found.map(({ seq }) => seq),
    entries: found.map(({ entry }) => entry),
    total_count: all.length,
    filtered_count: found.length,
    summary: {
      debug_count: count("debug"),
      info_count: count("info"),
      warn_count: count("warn"),
      error_count: count("error"),
      fatal_count: count("fatal"),
      ...(times.length > 0 && { oldest_entry: times[0], newest_entry: times.at(-1) }),
    },
  };
}

const AGENTS = ["a", "b", "task_1", "constructor"];
const TEXTS = [
  "failed",
  "Failed to parse",
  'say "hi"',
  "back\\slash",
  "n",
  "İstanbul",
  "ΟΔΟΣ",
  "σ",
  "\u001bΣ",
  "missing",
  "mi\u017f\u017fing",
  "\u212aelvin",
  "\u{1f600}",
  "",
];
const anEntry = fc.record({
  level: fc.constantFrom(...LEVELS),
  agent: fc.constantFrom(...AGENTS),
  message: fc.tuple(fc.constantFrom(...TEXTS), fc.constantFrom("", "x".repeat(9000), "y\n".repeat(2000))).map(
    (p) => p.join(" "),
  ),
  source: fc.constantFrom("stdout", "src/App.ts:5", 'odd"source'),
  details: fc.constantFrom({}, { file: "A.ts" }, { 'quoted"': [1, "Failed"] }),
  step: fc.constantFrom(0, 0, 1, 1000),
  then: fc.constantFrom("go on", "go on", "go on", "flush", "restart"),
});
/** Mostly absent, so that most queries find something. */
const optional = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const aQuery = fc.record({
  levels: optional(fc.subarray([...LEVELS], { minLength: 1 })),
  agents: optional(fc.subarray([...AGENTS, "nobody"], { minLength: 1 })),
  start: optional(fc.nat(40)),
  end: optional(fc.nat(40)),
  since: optional(fc.nat(40)),
  message_contains: optional(
    fc.constantFrom(...TEXTS.filter((text) => text !== ""), "\n", "\ud83d", "FAILED", "kelvin"),
  ),
  details_contains: optional(fc.constantFrom("failed", "A.TS", '"file":"a')),
  source_file: optional(fc.constantFrom("APP.ts", "out", '"')),
  order: fc.constantFrom("asc" as const, "desc" as const),
  sort_field: optional(fc.constantFrom("time", "level", "agent", "source", "message") as fc.Arbitrary<
    LogQuery["sort_field"]
  >),
  limit: fc.constantFrom(1, 3, 50),
  until: optional(fc.nat(40)),
});

Deno.test("every query gives the same pages as a scan of all entries", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anEntry, { minLength: 1, maxLength: 40, size: "max" }),
      fc.array(aQuery, { minLength: 6, maxLength: 12 }),
      async (steps, queries) => {
        let kv = tapped();
        const clock = handClock();
        const began = clock.time;
        const all: SeqEntry[] = [];
        const listen = (entries: SeqEntry[]) => all.push(...entries);
        let logs = await logOn(kv, clock, listen);
        for (const { step, then, ...wanted } of steps) {
          clock.time += step;
          logs.append(wanted);
          if (then === "flush") await logs.flush();
          if (then !== "restart") continue;
          await logs.close();
          kv = tapped(kv.memory.reopened());
          logs = await logOn(kv, clock, listen);
        }
        await logs.flush();
        assert.deepEqual(all.map(({ seq }) => seq), steps.map((_, i) => i + 1));
        for (const { start, end, since, until, ...rest } of queries) {
          const at = (n: number | undefined) => n === undefined ? undefined : began + n * 250;
          const query = {
            ...rest,
            start_ms: at(start),
            end_ms: at(end),
            since_ms: at(since),
            until_seq: until,
          };
          const { seqs: _, entries, ...counts } = expected(all, query);
          const found: LogEntry[] = [];
          let cursor: string | undefined;
          do {
            const { next_cursor, entries: page, has_more, ...rest } = await logs.query({
              ...query,
              until: markAt(until),
              cursor,
            });
            assert.deepEqual(rest, counts);
            assert.equal(has_more, next_cursor !== undefined);
            assert.ok(next_cursor === undefined || next_cursor.length <= 100);
            found.push(...page);
            cursor = next_cursor;
          } while (cursor !== undefined);
          assert.deepEqual(found, entries);
        }
        await logs.close();
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("pages neither lose nor repeat entries while more are appended", async () => {
  const logs = await logOn(tapped(), handClock());
  const append = async (count: number, name: string) => {
    for (let i = 0; i < count; i++) {
      logs.append(entry(`${name}${i}`, { details: { fill: "x".repeat(3000) } }));
    }
    await logs.flush();
  };
  await append(100, "old");
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await logs.query({ order: "desc", limit: 7, cursor });
    seen.push(...messages(page));
    cursor = page.next_cursor;
    await append(5, "new");
  } while (cursor !== undefined);
  assert.deepEqual(seen, Array.from({ length: 100 }, (_, i) => `old${99 - i}`));
  await logs.close();
});

Deno.test("chunks read in parallel are returned in order; a truncated chunk is reported as unreadable", async () => {
  const kv = tapped();
  const logs = await logOn(kv, handClock());
  const whole = 300;
  for (let i = 0; i < whole; i++) {
    logs.append(entry(`${i % 3 === 0 ? "Third" : "Other"} ${i}`, { details: { fill: "x".repeat(50_000) } }));
    if (i % 20 === 0) await logs.flush();
  }
  await logs.flush();
  const thirds = Array.from({ length: whole / 3 }, (_, i) => `Third ${i * 3}`);
  const asked = { message_contains: "tHIRD", limit: 1000 };
  assert.deepEqual(messages(await logs.query({ ...asked, order: "asc" })), thirds);
  assert.deepEqual(messages(await logs.query({ ...asked, order: "desc" })), thirds.toReversed());

  const key = chunkKey(FIRST_NODE, 100);
  const { value } = (await kv.get(key))!;
  await kv.commit({ sets: [{ key, value: value.subarray(0, 1000) }] });
  await assert.rejects(logs.query({ ...asked, order: "asc" }), refused("LOG_FILE_ERROR"));
  // A page elsewhere is exact: the search text of the chunk still has its messages.
  const page = await logs.query({ ...asked, order: "desc", limit: 10 });
  assert.deepEqual([page.filtered_count, messages(page)], [whole / 3, thirds.slice(-10).toReversed()]);
  const textKey = searchTextKey(FIRST_NODE, 100);
  const text = (await kv.get(textKey))!.value;
  await kv.commit({ sets: [{ key: textKey, value: text.subarray(0, text.length - 5) }] });
  await logs.close();
  const again = await logOn(tapped(kv.memory.reopened()), handClock());
  const refusal = await again.query({ ...asked, order: "desc", limit: 10 }).catch((error) => error);
  assert.ok(refused("LOG_FILE_ERROR")(refusal), "a count must not leave out what cannot be read");
  await again.close();
});

Deno.test("a count by text is the same with all, some or no search texts", async () => {
  const kv = tapped();
  const logs = await logOn(kv, handClock());
  for (let i = 0; i < 2000; i++) {
    const level = LEVELS[i % LEVELS.length]!;
    logs.append(
      entry(`${i % 7 === 0 ? 'PARSER "\\ ' : "renderer"} ${i}`, {
        level,
        details: { fill: "x".repeat(400) },
      }),
    );
  }
  await logs.flush();
  const countOf = async (log: LogStore) => {
    const { filtered_count, summary, entries } = await log.query({
      message_contains: 'parser "\\',
      levels: ["info", "error"],
      order: "desc",
      limit: 3,
    });
    return { filtered_count, summary, found: entries.map(({ message }) => message) };
  };
  const keys = await Array.fromAsync(kv.list({ prefix: ["log", "text"] }), ({ key }) => key);
  assert.ok(keys.length > 10, String(keys.length));
  const before = await countOf(logs);
  const wanted = Array.from({ length: 2000 }, (_, i) => i).filter((i) =>
    i % 7 === 0 && [1, 3].includes(i % 5)
  );
  assert.equal(before.filtered_count, wanted.length);
  assert.equal(before.found[0], `PARSER "\\  ${wanted.at(-1)}`);
  // The texts are kept for a while.
  assert.deepEqual(await countOf(logs), before);
  await logs.close();
  for (const some of [keys.slice(0, 4), keys]) {
    await kv.commit({ deletes: some });
    const again = await logOn(tapped(kv.memory.reopened()), handClock());
    assert.deepEqual(await countOf(again), before);
    await again.close();
  }
});

Deno.test("letters that only look alike without case are told apart, in texts with and without them", async () => {
  const logs = await logOn(tapped(), handClock());
  const texts = ["a missing kelvin", "a mi\u017f\u017fing \u212aelvin", 'a "rare" word\n'];
  for (const text of texts) {
    // Several chunks of each, which have search texts of their own.
    for (let i = 0; i < 600; i++) logs.append(entry(text, { details: { fill: "x".repeat(400) } }));
  }
  await logs.flush();
  const count = async (wanted: string) =>
    (await logs.query({ ...newestFirst, message_contains: wanted })).filtered_count;
  for (
    const wanted of [
      "MISSING",
      "mi\u017f\u017fing",
      "KELVIN",
      "\u212aelvin",
      "\u017f",
      "k",
      "n",
      '"',
      "\n",
      "\u0001",
    ]
  ) {
    const found = texts.filter((text) => text.toLowerCase().includes(wanted.toLowerCase()));
    assert.equal(await count(wanted), 600 * found.length, JSON.stringify(wanted));
  }
  await logs.close();
});

Deno.test("a line that is JSON but no entry is said to be unreadable; the others can still be read", async () => {
  const kv = tapped();
  const logs = await logOn(kv, handClock());
  for (const level of ["info", "warn"] as const) logs.append(entry(level, { level, context: {} }));
  await logs.close();
  const key = chunkKey(FIRST_NODE, 1);
  const text = new TextDecoder().decode((await kv.get(key))!.value);
  assert.ok(text.includes('"context":{}'), text);
  await kv.commit({
    sets: [{ key, value: new TextEncoder().encode(text.replace('"context":{}', '"context":[]')) }],
  });
  const again = await logOn(tapped(kv.memory.reopened()), handClock());
  await assert.rejects(again.query({ order: "asc", limit: 10 }), refused("LOG_FILE_ERROR"));
  assert.deepEqual(messages(await again.query({ order: "asc", limit: 10, levels: ["warn"] })), ["warn"]);
  await again.close();
});

Deno.test("the reply ends at a number and pushes start at the next: no gap and no repetition", async () => {
  const pushed: string[] = [];
  let last_seq = Infinity;
  const logs = await logOn(tapped(), handClock(), (entries) => {
    pushed.push(...entries.filter(({ seq }) => seq > last_seq).map(({ entry }) => entry.message));
  });
  const appending = (async () => {
    for (let i = 0; i < 500; i++) {
      logs.append(entry(`m${i}`));
      if (i % 50 === 0) await logs.flush();
    }
    await logs.flush();
  })();
  while (logs.last_seq < 100) await new Promise((resolve) => setTimeout(resolve));
  last_seq = logs.last_seq;
  const { entries } = await logs.query({ order: "asc", limit: 1000, until: markAt(last_seq) });
  await appending;
  const all = [...entries.map(({ message }) => message), ...pushed];
  assert.deepEqual(all, Array.from({ length: 500 }, (_, i) => `m${i}`));
  await logs.close();
});

Deno.test("invalid cursors and cursors of another order are refused", async () => {
  const logs = await logOn(tapped(), handClock());
  for (let i = 0; i < 5; i++) logs.append(entry(`m${i}`));
  await logs.flush();
  const { next_cursor } = await logs.query({ order: "desc", limit: 2 });
  for (const cursor of ["", "nonsense", "!", btoa("[1,2,3]"), btoa('["time",-1,"x"]'), btoa("{}")]) {
    await assert.rejects(
      logs.query({ ...newestFirst, cursor }),
      (error) => refused("INVALID_FIELD_FORMAT")(error) || refused("INVALID_FIELD_VALUE")(error),
      cursor,
    );
  }
  for (const other of [{ order: "asc" as const }, { sort_field: "agent" as const }]) {
    await assert.rejects(
      logs.query({ ...newestFirst, ...other, cursor: next_cursor }),
      refused("INVALID_FIELD_VALUE"),
    );
  }
  await logs.close();
});

Deno.test("a line's fields can be read without parsing it", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom('"', "\\", '","agent":"x', "\n"));
  fc.assert(fc.property(fc.constantFrom(...LEVELS), text, text, text, (level, message, agent, source) => {
    const { text, entry } = lineOf({ level, message, agent, source }, "2026-01-15T10:00:00.000Z");
    const { time, level: l, message: m, agent: a, source: s } = scalarsOf(text);
    assert.deepEqual({ time, level: l, message: m, agent: a, source: s, details: {}, context: {} }, entry);
  }));
});
