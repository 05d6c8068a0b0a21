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
