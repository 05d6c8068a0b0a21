/** The logs of several nodes on one store, read as one. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { GroupCommit } from "../../src/store/group_commit.ts";
import { exportLines } from "../../src/store/export.ts";
import type { ExportLine } from "../../src/store/export_lines.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import type { LogQuery, SeqEntry } from "../../src/store/log_query.ts";
import { LogStore } from "../../src/store/log_store.ts";
import { FIRST_NODE } from "../../src/store/node_lease.ts";
import { entry, type HandClock, handClock, messages } from "./log_fixtures.ts";
import { tapped } from "./store_fixtures.ts";

interface Node {
  logs: LogStore;
  clock: HandClock;
  told: SeqEntry[];
}

async function nodeOn(kv: MemoryKeyValue, node: string, clock = handClock()): Promise<Node> {
  const told: SeqEntry[] = [];
  const logs = new LogStore(kv, new GroupCommit(kv), clock, (entries) => told.push(...entries), node);
  await logs.load();
  return { logs, clock, told };
}

async function pages(logs: LogStore, query: Omit<LogQuery, "limit">, limit: number): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await logs.query({ ...query, limit, cursor });
    found.push(...messages(page));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return found;
}

const step = fc.record({
  by: fc.constantFrom("a", "b"),
  /** The clocks of two machines differ, and one may be set back. */
  ms: fc.constantFrom(0, 1, 1000, -500),
  text: fc.constantFrom("x", "y".repeat(20_000)),
  level: fc.constantFrom("info" as const, "error" as const),
  flush: fc.boolean(),
});

Deno.test("entries of all nodes are merged by time, each node's in order, without gap or repetition", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const kv = new MemoryKeyValue();
      const nodes = { a: await nodeOn(kv, FIRST_NODE), b: await nodeOn(kv, "other") };
      const all: { message: string; error: boolean; by: "a" | "b" }[] = [];
      for (const [i, { by, ms, text, level, flush }] of steps.entries()) {
        const { logs, clock } = nodes[by as "a" | "b"];
        clock.time += ms;
        const message = `${i} ${text}`;
        logs.append(entry(message, { level }));
        all.push({ message, error: level === "error", by: by as "a" | "b" });
        if (flush) await logs.flush();
      }
      await Promise.all([nodes.a.logs.flush(), nodes.b.logs.flush()]);
      await nodes.a.logs.catchUp("other");
      await nodes.b.logs.catchUp(FIRST_NODE);
      for (const { logs, told } of [nodes.a, nodes.b]) {
        assert.deepEqual(
          told.map(({ entry }) => entry.message).sort(),
          all.map(({ message }) => message).sort(),
        );
        const ascending = await pages(logs, { order: "asc" }, 3);
        for (const by of ["a", "b"]) {
          const own = all.filter((one) => one.by === by).map(({ message }) => message);
          assert.deepEqual(ascending.filter((message) => own.includes(message)), own);
        }
        assert.equal(ascending.length, all.length);
        assert.deepEqual(await pages(logs, { order: "desc" }, 4), ascending.toReversed());
        const { entries, filtered_count, total_count } = await logs.query({ order: "asc", limit: 100 });
        const times = entries.map(({ time }) => time);
        assert.deepEqual(times, times.toSorted());
        assert.deepEqual([filtered_count, total_count], [all.length, all.length]);
        const errors = await pages(logs, { order: "asc", levels: ["error"] }, 2);
        const failed = all.filter(({ error }) => error).map(({ message }) => message);
        assert.deepEqual(errors, ascending.filter((message) => failed.includes(message)));
        assert.equal((await pages(logs, { order: "asc", sort_field: "message" }, 3)).length, all.length);
      }
      // A node that comes later reads the same, and so does an export.
      const ascending = await pages(nodes.a.logs, { order: "asc" }, 100);
      const later = await nodeOn(kv, "third");
      assert.deepEqual(await pages(later.logs, { order: "asc" }, 5), ascending);
      const lines: ExportLine[] = [];
      await exportLines(kv, (line) => void lines.push(line), true);
      const exported = lines.flatMap((line) => line.kind === "log" ? [line.entry.message] : []);
      assert.deepEqual(exported, ascending);
      await Promise.all([nodes.a.logs.close(), nodes.b.logs.close(), later.logs.close()]);
    }),
    { numRuns: 100 },
  );
});

Deno.test("pages of one node continue without gap while another node appends, whatever its clock shows", async () => {
  const kv = new MemoryKeyValue();
  const own = await nodeOn(kv, FIRST_NODE);
  const late = await nodeOn(kv, "other", handClock(own.clock.time - 60_000));
  const append = async ({ logs }: Node, count: number, name: string) => {
    for (let i = 0; i < count; i++) logs.append(entry(`${name} ${i}`));
    await logs.flush();
  };
  await append(own, 20, "own");
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await own.logs.query({ order: "asc", limit: 6, cursor });
    seen.push(...messages(page));
    cursor = page.next_cursor;
    if (seen.length < 15) {
      // Its entries are older than those that have been read already.
      await append(late, 1, `late after ${seen.length}`);
      await own.logs.catchUp("other");
    }
  } while (cursor !== undefined);
  const expected = [...Array.from({ length: 20 }, (_, i) => `own ${i}`), "late after 6 0", "late after 12 0"];
  assert.deepEqual(seen.toSorted(), expected.toSorted());
  await Promise.all([own.logs.close(), late.logs.close()]);
});

Deno.test("a follower's mark separates returned entries from pushed ones, for each node", async () => {
  const kv = new MemoryKeyValue();
  const [a, b] = [await nodeOn(kv, FIRST_NODE), await nodeOn(kv, "other")];
  const both = async (message: string) => {
    for (const { logs } of [a, b]) {
      logs.append(entry(message));
      await logs.flush();
    }
  };
  await both("before");
  await a.logs.catchUp("other");
  const mark = a.logs.mark();
  await both("after");
  await a.logs.catchUp("other");
  const page = await a.logs.query({ order: "asc", limit: 10, until: mark });
  assert.deepEqual(messages(page), ["before", "before"]);
  assert.deepEqual(a.told.map(({ node, seq }) => [node, seq, seq > (mark.get(node) ?? 0)]), [
    [FIRST_NODE, 1, false],
    ["other", 1, false],
    [FIRST_NODE, 2, true],
    ["other", 2, true],
  ]);
  await Promise.all([a.logs.close(), b.logs.close()]);
});

Deno.test("every node knows the size of all nodes' logs, also of chunks that end later", async () => {
  const kv = tapped();
  const a = await nodeOn(kv.memory, FIRST_NODE);
  const b = await nodeOn(kv.memory, "other");
  for (let i = 0; i < 60; i++) {
    a.logs.append(entry("x".repeat(i * 200)));
    await a.logs.flush();
    await b.logs.catchUp(FIRST_NODE);
    assert.equal(b.logs.bytes, a.logs.bytes);
  }
  assert.ok((await Array.fromAsync(kv.list({ prefix: ["log", "text"] }))).length > 3);
  await Promise.all([a.logs.close(), b.logs.close()]);
});

Deno.test("retention drops the oldest entries of all nodes, and other nodes forget them", async () => {
  const kv = tapped();
  const clock = handClock();
  const a = await nodeOn(kv.memory, FIRST_NODE, clock);
  const b = await nodeOn(kv.memory, "other", clock);
  for (let day = 0; day < 10; day++) {
    for (const { logs } of [a, b]) {
      for (let i = 0; i < 20; i++) logs.append(entry(`day ${day}`, { details: { fill: "x".repeat(4000) } }));
      await logs.flush();
    }
    clock.time += 86_400_000;
  }
  await a.logs.catchUp("other");
  assert.equal(a.logs.size, 400);
  const dropped = await a.logs.prune({ retention_days: 5, max_bytes: Infinity });
  assert.equal(a.logs.size, 400 - dropped);
  assert.ok(dropped > 150 && dropped <= 200, String(dropped));
  await b.logs.catchUp(FIRST_NODE);
  const fresh = await nodeOn(kv.memory, "third", clock);
  assert.equal(fresh.logs.size, a.logs.size);
  assert.equal((await fresh.logs.query({ order: "asc", limit: 1000 })).entries.length, a.logs.size);
  await Promise.all([a.logs.close(), b.logs.close(), fresh.logs.close()]);
});
