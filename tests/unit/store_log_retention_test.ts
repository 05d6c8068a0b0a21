/** Old entries go, in whole chunks. */
import assert from "node:assert/strict";
import { entry, type HandClock, handClock, logOn, messages, newestFirst } from "./log_fixtures.ts";
import type { LogStore } from "../../src/store/log_store.ts";
import { type Tapped, tapped } from "./store_fixtures.ts";

async function filled(kv: Tapped, clock: HandClock): Promise<LogStore> {
  const logs = await logOn(kv, clock);
  for (let day = 0; day < 20; day++) {
    for (let i = 0; i < 30; i++) logs.append(entry(`day ${day}`, { details: { fill: "x".repeat(4000) } }));
    await logs.flush();
    clock.time += 86_400_000;
  }
  return logs;
}

/** The size of the log's values in the store. */
async function storedBytes(kv: Tapped): Promise<number> {
  let bytes = 0;
  for (const kind of ["chunk", "head", "text"]) {
    for await (const { value } of kv.list({ prefix: ["log", kind] })) bytes += value.length;
  }
  return bytes;
}

/** How many values of a kind are in the store. */
async function countOf(kv: Tapped, kind: string): Promise<number> {
  return (await Array.fromAsync(kv.list({ prefix: ["log", kind] }))).length;
}

/** The nodes and numbers of the chunks that have a value of a kind. */
async function namesOf(kv: Tapped, kind: string): Promise<string[]> {
  return await Array.fromAsync(kv.list({ prefix: ["log", kind] }), ({ key }) => key.slice(2).join("/"));
}

async function storedKeys(kv: Tapped): Promise<number> {
  let count = 0;
  for await (const _ of kv.list({ prefix: ["log"] })) count++;
  return count;
}

Deno.test("whole chunks that are too old are dropped, also from the store", async () => {
  const kv = tapped();
  const clock = handClock();
  const logs = await filled(kv, clock);
  const before = await storedKeys(kv);
  const dropped = await logs.prune({ retention_days: 10, max_bytes: Infinity });
  assert.equal(logs.size, 600 - dropped);
  assert.ok(dropped >= 270 && dropped <= 300, String(dropped));
  assert.ok(await storedKeys(kv) < before * 0.6);
  const page = await logs.query({ order: "asc", limit: 1 });
  assert.equal(page.total_count, logs.size);
  assert.match(page.entries[0]!.message, /^day (9|10)$/);
  const again = await logOn(tapped(kv.memory.reopened()), clock);
  assert.deepEqual([again.size, again.bytes, again.last_seq], [logs.size, logs.bytes, 600]);
  await logs.close();
});

Deno.test("beyond the size limit, the oldest chunks are dropped", async () => {
  const kv = tapped();
  const logs = await filled(kv, handClock());
  await Promise.all([1, 2].map(() => logs.prune({ retention_days: 1000, max_bytes: 500_000 })));
  assert.ok(logs.bytes <= 500_000 && logs.bytes > 400_000, String(logs.bytes));
  assert.equal(messages(await logs.query({ order: "desc", limit: 1 }))[0], "day 19");
  await logs.close();
});

Deno.test("when everything is too old, everything is dropped, and the numbering continues", async () => {
  const kv = tapped();
  const clock = handClock();
  const logs = await filled(kv, clock);
  clock.time += 100 * 86_400_000;
  while (logs.size > 0) await logs.prune({ retention_days: 1, max_bytes: Infinity });
  assert.deepEqual([logs.bytes, await storedKeys(kv)], [0, 1]);
  logs.append(entry("here again"));
  await logs.flush();
  assert.equal(logs.last_seq, 601);
  assert.deepEqual(messages(await logs.query(newestFirst)), ["here again"]);
  while (logs.size > 0) await logs.prune({ retention_days: -1, max_bytes: Infinity });
  await logs.close();
  const again = await logOn(tapped(kv.memory.reopened()), clock);
  again.append(entry("and again"));
  await again.flush();
  assert.equal(again.last_seq, 602);
  await again.close();
});

Deno.test("the size is that of all values in the store: while chunks grow, after retention, and after a restart", async () => {
  const kv = tapped();
  const logs = await logOn(kv, handClock());
  for (let i = 0; i < 120; i++) {
    // Some commits end a chunk, some end several, some only let it grow; one line fills a chunk alone.
    for (let n = 0; n <= i % 40; n++) {
      logs.append(entry(`Öl ${i} ${n}`, { agent: `agent ${i}`, details: { fill: "é".repeat(i * n) } }));
    }
    if (i === 70) logs.append(entry("long", { details: { fill: "x".repeat(58_000) } }));
    await logs.flush();
    assert.equal(logs.bytes, await storedBytes(kv), `after commit ${i}`);
  }
  assert.ok(await countOf(kv, "text") > 20);
  await logs.prune({ retention_days: 1000, max_bytes: logs.bytes / 2 });
  assert.equal(logs.bytes, await storedBytes(kv));
  await logs.close();
  const again = await logOn(tapped(kv.memory.reopened()), handClock());
  assert.equal(again.bytes, logs.bytes);
  await again.close();
});

Deno.test("every chunk but the newest has a search text, also when commits end between chunks", async () => {
  const kv = tapped();
  const logs = await logOn(kv, handClock());
  for (const count of [1, 2000, 1, 1, 700, 3000, 5]) {
    for (let i = 0; i < count; i++) logs.append(entry("x".repeat(600)));
    await logs.flush();
  }
  const [texts, chunks] = [await namesOf(kv, "text"), await namesOf(kv, "chunk")];
  const newest = chunks.at(-1);
  assert.deepEqual(texts.filter((name) => name !== newest), chunks.slice(0, -1));
  await logs.close();
});

Deno.test("a line that comes alone is not stored with more than 16 kB of earlier ones; many lines fill their chunks", async () => {
  const kv = tapped();
  const logs = await logOn(kv, handClock());
  for (let i = 0; i < 100; i++) {
    logs.append(entry("x".repeat(600)));
    await logs.flush();
  }
  const written = kv.sent.flatMap(({ sets = [] }) => sets).filter(({ key }) => key[1] === "chunk");
  assert.ok(Math.max(...written.map(({ value }) => value.length)) < 17_000);
  const few = await countOf(kv, "chunk");
  for (let i = 0; i < 800; i++) logs.append(entry("x".repeat(600)));
  await logs.flush();
  assert.ok(await countOf(kv, "chunk") - few <= 800 * 800 / 60_000 + 2);
  await logs.close();
});

Deno.test("a server that dies at any commit leaves no search text without its chunk, and the right size", async () => {
  for (
    const [when, at] of ["before", "after"].flatMap((when) => [1, 3, 4, 5].map((at) => [when, at] as const))
  ) {
    const kv = tapped();
    const logs = await logOn(kv, handClock());
    const die = () => kv.sent.length >= at ? Promise.reject(new Error("dead")) : undefined;
    if (when === "before") kv.before = die;
    else kv.after = die;
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 600; i++) logs.append(entry("x".repeat(600)));
      await logs.flush().catch(() => {});
    }
    await logs.prune({ retention_days: 1000, max_bytes: 1 }).catch(() => {});
    await logs.close();
    const left = tapped(kv.memory.reopened());
    const again = await logOn(left, handClock());
    assert.equal(again.bytes, await storedBytes(left), `${when} ${at}`);
    const chunks = new Set(
      await Array.fromAsync(left.list({ prefix: ["log", "chunk"] }), ({ key }) => key[2]),
    );
    for await (const { key } of left.list({ prefix: ["log", "text"] })) assert.ok(chunks.has(key[2]!));
    while (again.size > 0) await again.prune({ retention_days: -1, max_bytes: 1 });
    assert.deepEqual([again.bytes, await storedBytes(left)], [0, 0]);
    await again.close();
  }
});

Deno.test("a store of an earlier version, without search texts, has the right size and loses its oldest chunks", async () => {
  const kv = tapped();
  const older = await filled(kv, handClock());
  await older.close();
  const texts = await Array.fromAsync(kv.list({ prefix: ["log", "text"] }), ({ key }) => key);
  const heads = await Array.fromAsync(kv.list({ prefix: ["log", "head"] }), ({ key, value }) => {
    const [version, { search_bytes: _, ...head }] = JSON.parse(new TextDecoder().decode(value));
    return { key, value: new TextEncoder().encode(JSON.stringify([version, head])) };
  });
  await kv.commit({ deletes: texts, sets: heads });
  const clock = handClock(Date.parse("2026-03-01T00:00:00.000Z"));
  const left = tapped(kv.memory.reopened());
  const logs = await logOn(left, clock);
  assert.equal(logs.bytes, await storedBytes(left));
  const asked = { ...newestFirst, message_contains: "DAY 1" };
  assert.equal((await logs.query(asked)).filtered_count, 11 * 30);
  await logs.prune({ retention_days: 1000, max_bytes: 500_000 });
  for (let i = 0; i < 300; i++) logs.append(entry("x".repeat(600)));
  await logs.flush();
  assert.ok(await countOf(left, "text") > 0, "new chunks have one");
  assert.equal(logs.bytes, await storedBytes(left));
  await logs.close();
});
