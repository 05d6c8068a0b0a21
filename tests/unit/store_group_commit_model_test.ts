/** Grouped commits against a model that carries out one change after another. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { GroupCommit } from "../../src/store/group_commit.ts";
import type { Commit } from "../../src/store/kv/kv.ts";
import { tapped } from "./store_fixtures.ts";

const KEYS = ["a", "b", "c", "d"];
const keys = fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 3 });
const change = fc.record({
  /** Must not exist. */
  absent: keys,
  sets: keys,
  deletes: keys,
  /** Turns of the event loop before the next one is asked for. */
  rest: fc.nat(3),
});

Deno.test("any concurrent changes have the same result as one after another, in the requested order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 30 }),
      fc.infiniteStream(fc.nat(4)),
      async (wanted, chance) => {
        const kv = tapped();
        kv.before = async () => {
          for (let i = chance.next().value as number; i > 0; i--) await Promise.resolve();
          return undefined;
        };
        const commits = new GroupCommit(kv);
        const model = new Map<string, number>();
        const expected: boolean[] = [];
        const results: Promise<boolean>[] = [];
        for (const [i, { absent, sets, deletes, rest }] of wanted.entries()) {
          const kept = deletes.filter((key) => !sets.includes(key));
          const commit: Commit = {
            checks: absent.map((key) => ({ key: [key], versionstamp: null })),
            sets: sets.map((key) => ({ key: [key], value: new Uint8Array([i]) })),
            deletes: kept.map((key) => [key]),
          };
          const holds = absent.every((key) => !model.has(key));
          expected.push(holds);
          if (holds) {
            for (const key of sets) model.set(key, i);
            for (const key of kept) model.delete(key);
          }
          results.push(commits.commit(commit).then(({ ok }) => ok));
          for (let n = 0; n < rest; n++) await Promise.resolve();
        }
        assert.deepEqual(await Promise.all(results), expected);
        const stored = new Map<string, number>();
        for await (const { key, value } of kv.list({ prefix: [] })) stored.set(key[0] as string, value[0]!);
        assert.deepEqual([...stored].sort(), [...model].sort());
        await commits.idle();
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("a failing store rejects the groups that it was given, and only those", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }), async (fates) => {
      const kv = tapped();
      let sent = 0;
      kv.before = () =>
        fates[sent++ % fates.length] ? undefined : Promise.reject(new Error("the store failed"));
      const commits = new GroupCommit(kv);
      const outcomes: Promise<[string, boolean]>[] = [];
      for (let i = 0; i < 40; i++) {
        const key = `k${i}`;
        outcomes.push(
          commits.commit({ sets: [{ key: [key], value: new Uint8Array([1]) }] })
            .then(() => [key, true] as [string, boolean], () => [key, false] as [string, boolean]),
        );
        if (i % 3 === 0) await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
      }
      for (const [key, ok] of await Promise.all(outcomes)) {
        assert.equal(await kv.get([key]) !== undefined, ok, key);
      }
    }),
    { numRuns: 100 },
  );
});
