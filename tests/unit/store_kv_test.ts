/** The same contract for the key-value port on memory, on Deno KV in memory and on Deno KV in a file. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { systemClock } from "../../src/clock/clock.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { denoKeyValue, type Entry, type Key, type KeyValue, type Range } from "../../src/store/kv/kv.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (entry: Entry | undefined) => entry && new TextDecoder().decode(entry.value);

async function all(kv: KeyValue, range: Range): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of kv.list(range)) entries.push(entry);
  return entries;
}

async function names(kv: KeyValue, range: Range): Promise<string[]> {
  return (await all(kv, range)).map(({ key }) => key.join("/"));
}

async function put(kv: KeyValue, ...keys: Key[]): Promise<void> {
  assert.ok((await kv.commit({ sets: keys.map((key) => ({ key, value: bytes(key.join("/")) })) })).ok);
}

const kinds: Record<string, (dir: string) => Promise<KeyValue>> = {
  "memory": () => Promise.resolve(new MemoryKeyValue()),
  "Deno KV :memory:": async () => denoKeyValue(await Deno.openKv(":memory:"), systemClock),
  "Deno KV in a file": async (dir) => denoKeyValue(await Deno.openKv(`${dir}/kv.sqlite3`), systemClock),
};

for (const [kind, open] of Object.entries(kinds)) {
  const contract = (name: string, check: (kv: KeyValue) => Promise<void>) =>
    Deno.test(`${kind}: ${name}`, async () => {
      const dir = await Deno.makeTempDir();
      const kv = await open(dir);
      try {
        await check(kv);
      } finally {
        kv.close();
        await Deno.remove(dir, { recursive: true });
      }
    });

  contract("what is set is got, with its version; what is deleted is gone", async (kv) => {
    assert.equal(await kv.get(["a", 1]), undefined);
    const result = await kv.commit({ sets: [{ key: ["a", 1], value: bytes("x") }] });
    assert.ok(result.ok);
    const entry = await kv.get(["a", 1]);
    assert.deepEqual([entry?.key, text(entry), entry?.versionstamp], [["a", 1], "x", result.versionstamp]);
    await kv.commit({ deletes: [["a", 1]] });
    assert.equal(await kv.get(["a", 1]), undefined);
  });

  contract("whoever watches a key hears of its change, until the watch is ended", async (kv) => {
    await put(kv, ["bell"]);
    let heard = Promise.withResolvers<void>();
    const end = kv.watch(["bell"], () => heard.resolve());
    for (let i = 0; i < 3; i++) {
      // A watch takes a moment to begin: the change is made until it is heard of.
      const ringing = setInterval(() => void put(kv, ["bell"]), 20);
      await heard.promise;
      clearInterval(ringing);
      heard = Promise.withResolvers();
    }
    end();
    await put(kv, ["bell"], ["other"]);
  });

  contract("versions grow, and all keys of a commit share one", async (kv) => {
    await put(kv, ["a"], ["b"]);
    const [a, b] = await Promise.all([kv.get(["a"]), kv.get(["b"])]);
    assert.equal(a?.versionstamp, b?.versionstamp);
    await put(kv, ["a"]);
    assert.ok((await kv.get(["a"]))!.versionstamp > b!.versionstamp);
  });

  contract("a check that does not hold leaves everything as it was", async (kv) => {
    await put(kv, ["a"]);
    const stale = (await kv.get(["a"]))!.versionstamp;
    await put(kv, ["a"]);
    for (const check of [{ key: ["a"], versionstamp: stale }, { key: ["a"], versionstamp: null }]) {
      const sets = [{ key: ["b"], value: bytes("b") }];
      assert.deepEqual(await kv.commit({ checks: [check], sets, deletes: [["a"]] }), { ok: false });
    }
    assert.deepEqual(await names(kv, { prefix: [] }), ["a"]);
    const now = (await kv.get(["a"]))!.versionstamp;
    const checks = [{ key: ["a"], versionstamp: now }, { key: ["b"], versionstamp: null }];
    assert.ok((await kv.commit({ checks, deletes: [["a"]] })).ok);
    assert.deepEqual(await names(kv, { prefix: [] }), []);
  });

  contract("lists what is below a prefix, not the prefix itself, strings before numbers", async (kv) => {
    await put(kv, ["t"], ["t", 10], ["t", 9], ["t", "b"], ["t", "B", 1], ["tt", 1], ["s", 1]);
    assert.deepEqual(await names(kv, { prefix: ["t"] }), ["t/B/1", "t/b", "t/9", "t/10"]);
    assert.deepEqual(await names(kv, { prefix: ["t"], reverse: true }), ["t/10", "t/9", "t/b", "t/B/1"]);
    assert.deepEqual(await names(kv, { prefix: ["t"], limit: 2 }), ["t/B/1", "t/b"]);
    assert.deepEqual(await names(kv, { prefix: ["t"], limit: 1, reverse: true }), ["t/10"]);
  });

  contract("start is the first key, end the first left out", async (kv) => {
    await put(kv, ...[1, 2, 3, 4, 5].map((n) => ["n", n]), ["o", 1]);
    assert.deepEqual(await names(kv, { prefix: ["n"], start: ["n", 2] }), ["n/2", "n/3", "n/4", "n/5"]);
    assert.deepEqual(await names(kv, { prefix: ["n"], end: ["n", 3] }), ["n/1", "n/2"]);
    assert.deepEqual(await names(kv, { prefix: ["n"], start: ["n", 2], end: ["n", 4] }), ["n/2", "n/3"]);
    const last = { prefix: ["n"], start: ["n", 2], end: ["n", 5], reverse: true, limit: 2 };
    assert.deepEqual(await names(kv, last), ["n/4", "n/3"]);
  });

  contract("a list longer than its batch is whole", async (kv) => {
    await put(kv, ...Array.from({ length: 25 }, (_, n) => ["n", n]));
    assert.equal((await names(kv, { prefix: ["n"], batch: 10 })).length, 25);
    assert.equal((await names(kv, { prefix: ["n"], batch: 5 })).length, 25);
  });

  contract("a list that is left early ends", async (kv) => {
    await put(kv, ...Array.from({ length: 25 }, (_, n) => ["n", n]));
    for await (const { key } of kv.list({ prefix: ["n"], batch: 10 })) {
      if (key[1] === 12) break;
    }
    await put(kv, ["n", 99]);
    assert.equal((await names(kv, { prefix: ["n"] })).length, 26);
  });

  contract("the order of keys is that of Deno KV", async (kv) => {
    const part = fc.oneof(fc.integer({ min: -3, max: 300 }), fc.string({ unit: "binary", maxLength: 3 }));
    const model = denoKeyValue(await Deno.openKv(":memory:"), systemClock);
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(part, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
          async (keys) => {
            await put(kv, ...keys);
            await put(model, ...keys);
            const list = (of: KeyValue) =>
              all(of, { prefix: [] }).then((found) => found.map(({ key }) => key));
            assert.deepEqual(await list(kv), await list(model));
          },
        ),
        { numRuns: 50 },
      );
    } finally {
      model.close();
    }
  });

  contract("keeps values of 64 KiB as they are, and refuses longer ones", async (kv) => {
    const value = new Uint8Array(65_536).map((_, i) => i);
    await kv.commit({ sets: [{ key: ["v"], value }] });
    assert.deepEqual((await kv.get(["v"]))?.value, value);
    const long = kv.commit({ sets: [{ key: ["v"], value: new Uint8Array(65_537) }] });
    await assert.rejects(long, (error) => error instanceof ApiError && error.code === "DATABASE_ERROR");
  });

  contract("after close everything is refused with DATABASE_ERROR", async (kv) => {
    kv.close();
    const refused = (error: unknown) => error instanceof ApiError && error.code === "DATABASE_ERROR";
    await assert.rejects(kv.get(["a"]), refused);
    await assert.rejects(kv.commit({ deletes: [["a"]] }), refused);
    await assert.rejects(all(kv, { prefix: ["a"] }), refused);
    // Closed again by the harness: which must not matter.
  });
}

Deno.test("an operation that never ends fails as DATABASE_CONNECTION_ERROR", async () => {
  const hung = { get: () => new Promise(() => {}) } as unknown as Deno.Kv;
  const clock = {
    ...systemClock,
    after: (ms: number, action: () => void) => systemClock.after(ms / 1000, action),
  };
  await assert.rejects(
    denoKeyValue(hung, clock).get(["a"]),
    (error) =>
      error instanceof ApiError && error.code === "DATABASE_CONNECTION_ERROR" &&
      error.details.operation === "get",
  );
});

Deno.test("a full disk is DISK_SPACE_EXCEEDED", async () => {
  const full = { get: () => Promise.reject(new Error("database or disk is full")) } as unknown as Deno.Kv;
  await assert.rejects(
    denoKeyValue(full, systemClock).get(["a"]),
    (error) => error instanceof ApiError && error.code === "DISK_SPACE_EXCEEDED",
  );
});

Deno.test("reopened memory has the data, and the closed one stays closed", async () => {
  const first = new MemoryKeyValue();
  await put(first, ["a"]);
  first.close();
  const second = first.reopened();
  assert.equal(text(await second.get(["a"])), "a");
  await put(second, ["b"]);
  await assert.rejects(first.get(["a"]));
});
