/** Commits with more checks than a remote store takes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Commit, Key, KeyValue } from "../../src/store/kv/kv.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { wideCommits } from "../../src/store/kv/wide_commits.ts";

const CHECKS = 10;
const BELL: Key = ["bell"];
const value = new Uint8Array([1]);
const keyOf = (n: number): Key => ["k", n];
/** As each node writes: the bell is set along. */
const set = (...numbers: number[]): Commit => ({
  sets: [...numbers.map((n) => ({ key: keyOf(n), value })), { key: BELL, value }],
});

const wide = (kv: KeyValue) => wideCommits(kv, { checks_max: CHECKS, bell: BELL });

async function versionOf(kv: KeyValue, key: Key): Promise<string | null> {
  return (await kv.get(key))?.versionstamp ?? null;
}

Deno.test("a commit of any width succeeds exactly if all its checks hold", () =>
  fc.assert(fc.asyncProperty(
    fc.uniqueArray(fc.nat(39), { minLength: 1, maxLength: 40 }),
    fc.uniqueArray(fc.nat(39), { maxLength: 3 }),
    async (checked, changed) => {
      const memory = new MemoryKeyValue(CHECKS);
      const kv = wide(memory);
      for (let n = 0; n < 20; n++) await memory.commit(set(n));
      const checks = await Promise.all(checked.map(async (n) => {
        const key = keyOf(n);
        return { key, versionstamp: await versionOf(memory, key) };
      }));
      for (const n of changed) await memory.commit(set(n));
      const { ok } = await kv.commit({ ...set(100), checks });
      assert.equal(ok, !changed.some((n) => checked.includes(n)));
      assert.equal(await versionOf(memory, keyOf(100)) !== null, ok);
    },
  )));

Deno.test("of two wide commits that read what the other writes, one fails, however they interleave", () =>
  fc.assert(fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    const memory = new MemoryKeyValue(CHECKS);
    const slow: KeyValue = {
      get: (key) => scheduler.schedule(Promise.resolve()).then(() => memory.get(key)),
      commit: (commit) => scheduler.schedule(Promise.resolve()).then(() => memory.commit(commit)),
      list: (range) => memory.list(range),
      watch: (key, changed) => memory.watch(key, changed),
      close: () => memory.close(),
    };
    const numbers = Array.from({ length: 2 * CHECKS }, (_, n) => n);
    const checks = numbers.map((n) => ({ key: keyOf(n), versionstamp: null }));
    const both = [0, 1].map((n) => wide(slow).commit({ ...set(n), checks }));
    const [first, second] = await scheduler.waitFor(Promise.all(both));
    assert.equal(Number(first!.ok) + Number(second!.ok), 1);
  })));

Deno.test("a wide commit checks the node's epoch, which changes without the bell, up to the last moment", async () => {
  const memory = new MemoryKeyValue(CHECKS);
  const epoch: Key = ["epoch", "a"];
  await memory.commit({ sets: [{ key: epoch, value }] });
  const checks = [
    ...Array.from({ length: 20 }, (_, n) => ({ key: keyOf(n), versionstamp: null })),
    { key: epoch, versionstamp: await versionOf(memory, epoch) },
  ];
  const overtaken: KeyValue = {
    get: (key) => memory.get(key),
    async commit(commit) {
      await memory.commit({ sets: [{ key: epoch, value }] });
      return await memory.commit(commit);
    },
    list: (range) => memory.list(range),
    watch: (key, changed) => memory.watch(key, changed),
    close: () => memory.close(),
  };
  assert.equal((await wide(overtaken).commit({ ...set(0), checks })).ok, false);
});

Deno.test("a commit that others overtake without end gives up", async () => {
  const memory = new MemoryKeyValue(CHECKS);
  const busy: KeyValue = {
    get: (key) => memory.get(key),
    async commit(commit) {
      await memory.commit(set(1000));
      return await memory.commit(commit);
    },
    list: (range) => memory.list(range),
    watch: (key, changed) => memory.watch(key, changed),
    close: () => memory.close(),
  };
  const checks = Array.from({ length: 20 }, (_, n) => ({ key: keyOf(n), versionstamp: null }));
  assert.deepEqual(await wide(busy).commit({ ...set(0), checks }), { ok: false });
});
