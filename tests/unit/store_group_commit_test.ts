import assert from "node:assert/strict";
import fc from "fast-check";
import { ApiError } from "../../src/domain/errors.ts";
import { COMMIT_BYTES_MAX, GroupCommit } from "../../src/store/group_commit.ts";
import type { Commit } from "../../src/store/kv/kv.ts";
import { gate, tapped } from "./store_fixtures.ts";

const value = new Uint8Array([1]);
const set = (...keys: string[]): Commit => ({ sets: keys.map((key) => ({ key: [key], value })) });
const create = (key: string): Commit => ({ ...set(key), checks: [{ key: [key], versionstamp: null }] });
const hasCode = (code: string) => (error: unknown) => error instanceof ApiError && error.code === code;

Deno.test("changes that arrive during a commit go together into the next one", async () => {
  const kv = tapped();
  const held = gate();
  kv.before = () => held.closed.then(() => undefined);
  const commits = new GroupCommit(kv);
  const first = commits.commit(set("a"));
  while (kv.sent.length === 0) await Promise.resolve();
  const rest = Array.from({ length: 50 }, (_, i) => commits.commit(set(`b${i}`)));
  held.open();
  assert.ok((await first).ok);
  const results = await Promise.all(rest);
  assert.equal(kv.sent.length, 2);
  assert.equal(new Set(results.map((result) => result.ok && result.versionstamp)).size, 1);
});

Deno.test("only changes whose own check fails are rejected", async () => {
  const kv = tapped();
  await kv.memory.commit(set("taken3", "taken17"));
  const commits = new GroupCommit(kv);
  const names = Array.from({ length: 20 }, (_, i) => i === 3 || i === 17 ? `taken${i}` : `free${i}`);
  const results = await Promise.all(names.map((name) => commits.commit(create(name))));
  assert.deepEqual(results.map(({ ok }) => ok), names.map((name) => name.startsWith("free")));
});

Deno.test("changes of one key are committed one after another, in order", async () => {
  const kv = tapped();
  const commits = new GroupCommit(kv);
  const done: string[] = [];
  await Promise.all(
    ["x", "y", "x", "z", "x"].map((key, i) => commits.commit(set(key)).then(() => done.push(`${key}${i}`))),
  );
  assert.deepEqual(kv.sent.map(({ sets }) => sets!.map(({ key }) => key[0])), [["x", "y", "z"], ["x"], [
    "x",
  ]]);
  assert.deepEqual(done, ["x0", "y1", "z3", "x2", "x4"]);
});

Deno.test("several changes of a group may check a key, but not together with a change that writes it", async () => {
  const kv = tapped();
  const { versionstamp } = await kv.memory.commit(set("parent")) as { versionstamp: string };
  const commits = new GroupCommit(kv);
  const child = (name: string) => ({ ...set(name), checks: [{ key: ["parent"], versionstamp }] });
  const results = await Promise.all([
    commits.commit(child("a")),
    commits.commit(child("b")),
    commits.commit(set("parent")),
    commits.commit(child("c")),
  ]);
  assert.deepEqual(results.map(({ ok }) => ok), [true, true, true, false]);
  assert.equal(kv.sent.length, 3);
});

Deno.test("an error rejects the changes of its group and no others", async () => {
  const kv = tapped();
  let failures = 1;
  kv.before = () => failures-- > 0 ? Promise.reject(new ApiError("DISK_SPACE_EXCEEDED", "full")) : undefined;
  const commits = new GroupCommit(kv);
  const group = [commits.commit(set("a")), commits.commit(set("b"))];
  for (const one of group) await assert.rejects(one, hasCode("DISK_SPACE_EXCEEDED"));
  assert.ok((await commits.commit(set("c"))).ok);
});

Deno.test("a group keeps to the limits of one atomic operation", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          checks: fc.integer({ min: 0, max: 100 }),
          mutations: fc.integer({ min: 1, max: 300 }),
          bytes: fc.integer({ min: 0, max: 2_000 }),
          id: fc.integer({ min: 1, max: 50 }),
        }),
        { minLength: 1, maxLength: 15 },
      ),
      async (shapes) => {
        const kv = tapped();
        const commits = new GroupCommit(kv);
        await Promise.all(shapes.map(({ checks, mutations, bytes, id }, n) => {
          const key = (i: number) => [n, i, "k".repeat(id)];
          return commits.commit({
            checks: Array.from({ length: checks }, (_, i) => ({ key: key(i), versionstamp: null })),
            sets: Array.from(
              { length: mutations },
              (_, i) => ({ key: key(i), value: new Uint8Array(bytes) }),
            ),
          });
        }));
        for (const { checks = [], sets = [] } of kv.sent) {
          const keys = [...checks, ...sets].reduce((sum, { key }) => sum + String(key[2]).length + 22, 0);
          const bytes = sets.reduce((sum, one) => sum + one.value.length, 0);
          assert.ok(checks.length <= 100 && sets.length <= 1000 && keys <= 80 << 10 && bytes <= 800 << 10);
        }
        assert.equal(
          kv.sent.reduce((sum, { sets }) => sum + sets!.length, 0),
          shapes.reduce((sum, { mutations }) => sum + mutations, 0),
        );
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("a change too large for any commit is refused before it is sent", () => {
  const kv = tapped();
  const commits = new GroupCommit(kv);
  const big = (count: number, bytes: number) => ({
    sets: Array.from({ length: count }, (_, i) => ({ key: [i], value: new Uint8Array(bytes) })),
  });
  assert.throws(() => commits.commit(big(1, 65_537)), hasCode("INVALID_FIELD_VALUE"));
  assert.throws(() => commits.commit(big(14, COMMIT_BYTES_MAX / 14)), hasCode("INVALID_FIELD_VALUE"));
  assert.throws(() => commits.commit(big(1001, 1)), hasCode("INVALID_FIELD_VALUE"));
  assert.equal(kv.sent.length, 0);
});

Deno.test("the queue is bounded", async () => {
  const kv = tapped();
  const held = gate();
  kv.before = () => held.closed.then(() => undefined);
  const commits = new GroupCommit(kv);
  const waiting: Promise<unknown>[] = [];
  assert.throws(() => {
    for (let i = 0; i < 11_000; i++) waiting.push(commits.commit(set(`k${i}`)));
  }, hasCode("SERVER_OVERLOAD"));
  assert.equal(waiting.length, 10_000);
  held.open();
  await Promise.all(waiting);
  await commits.idle();
  assert.ok((await commits.commit(set("after"))).ok);
});
