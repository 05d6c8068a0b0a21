/** Records read straight from the store's file: the same as through Deno KV, for records of any length. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import * as z from "zod";
import { systemClock as clock } from "../../src/clock/clock.ts";
import { SERVER } from "../../src/domain/actor.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { GroupCommit } from "../../src/store/group_commit.ts";
import { denoKeyValue, type KeyValue } from "../../src/store/kv/kv.ts";
import { openRows } from "../../src/store/kv/kv_rows.ts";
import { encode } from "../../src/store/json.ts";
import { recordKind } from "../../src/store/record_kinds.ts";
import type { Held } from "../../src/store/record_memory.ts";
import { RecordReader } from "../../src/store/record_reader.ts";
import { RecordStore } from "../../src/store/record_store.ts";

const Spec = z.object({ text: z.string() });
const State = z.object({ count: z.number(), text: z.string().optional() });
const KIND = recordKind("task", Spec, State);
type OfKind = Held<z.infer<typeof Spec>, z.infer<typeof State>>;

async function inStore(test: (kv: KeyValue, path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "oa-rows-" });
  const path = `${folder}/store.sqlite3`;
  const kv = denoKeyValue(await Deno.openKv(path), clock);
  try {
    await test(kv, path);
  } finally {
    kv.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const storeOn = (kv: KeyValue) => new RecordStore(KIND, kv, new GroupCommit(kv), clock, () => {});

const byId = (found: OfKind[]) => found.sort((a, b) => a.record.id < b.record.id ? -1 : 1);

async function throughKv(kv: KeyValue): Promise<OfKind[]> {
  const found: OfKind[] = [];
  await new RecordReader(KIND, kv).all((held) => found.push(held));
  return byId(found);
}

async function throughRows(kv: KeyValue, path: string): Promise<OfKind[]> {
  const rows = await openRows(path);
  assert.ok(rows);
  try {
    const found: OfKind[] = [];
    await new RecordReader(KIND, kv).allOf(rows, (held) => found.push(held));
    return byId(found);
  } finally {
    rows.close();
  }
}

/** Lengths around those at which a spec is stored apart and a value needs another key. */
const text = fc.tuple(fc.string({ unit: "binary" }), fc.constantFrom(0, 400, 600, 59_990, 60_010, 130_000))
  .map(([some, length]) => some + "ü".repeat(length / 2));

Deno.test("records of any length are read from the file as through Deno KV, with their versions", async () => {
  const records = fc.array(
    fc.record({
      id: fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/),
      spec: fc.record({ text }),
      state: fc.record({ count: fc.integer(), text }),
    }),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(records, (some) =>
      inStore(async (kv, path) => {
        const store = storeOn(kv);
        // Names that begin alike, and neighbors of another kind.
        await kv.commit({ sets: [{ key: ["task", "states", "x"], value: encode([1]) }] });
        await kv.commit({ sets: [{ key: ["tas", "state", "x"], value: encode([1]) }] });
        for (const record of some) {
          await store.update((view) => view.get(record.id) ? {} : { creates: [record] }, SERVER);
        }
        assert.deepEqual(await throughRows(kv, path), await throughKv(kv));
      })),
    { numRuns: 20 },
  );
});

Deno.test("records read from the file change and go like all others, and leave no key behind", async () => {
  await inStore(async (kv, path) => {
    const long = "x".repeat(130_000);
    const before = storeOn(kv);
    for (const [id, spec, state] of [["a", "", ""], ["b", long, ""], ["c", "", long], ["d", long, long]]) {
      const record = { id: id!, spec: { text: spec! }, state: { count: 0, text: state! } };
      await before.update(() => ({ creates: [record] }), SERVER);
    }
    const store = storeOn(kv);
    const rows = await openRows(path);
    await store.load(rows);
    rows!.close();
    for (const { id } of [...store.values()]) {
      await store.update(() => ({ updates: [{ id, state: { count: 1 } }] }), SERVER);
    }
    assert.deepEqual((await throughKv(kv)).map(({ record }) => record.state), Array(4).fill({ count: 1 }));
    for (const { id } of [...store.values()]) await store.update(() => ({ removes: [id] }), SERVER);
    assert.deepEqual(await Array.fromAsync(kv.list({ prefix: [] })), []);
  });
});

Deno.test("damaged records in the file are named, all of them", async () => {
  await inStore(async (kv, path) => {
    const value = new TextEncoder().encode("[3,{");
    for (const id of ["a", "b"]) await kv.commit({ sets: [{ key: ["task", "state", id], value }] });
    await kv.commit({ sets: [{ key: ["task", "state", "c"], value: encode([3, { count: 1 }]) }] });
    await assert.rejects(throughRows(kv, path), (error) => {
      assert.ok(error instanceof ApiError && error.code === "DATABASE_ERROR");
      const damages = error.details.damages as { record: string }[];
      assert.deepEqual(damages.map(({ record }) => record), ["task 'a'", "task 'b'", "task 'c'"]);
      return true;
    });
  });
});

Deno.test("one damaged record among many is named, whatever its text does to those that are read with it", async () => {
  await inStore(async (kv, path) => {
    const ids = Array.from({ length: 450 }, (_, i) => `t${String(i).padStart(3, "0")}`);
    const value = encode([3, { count: 1 }, { text: "" }]);
    for (let at = 0; at < ids.length; at += 50) {
      await kv.commit({ sets: ids.slice(at, at + 50).map((id) => ({ key: ["task", "state", id], value })) });
    }
    assert.deepEqual((await throughRows(kv, path)).map(({ record }) => record.id), ids);
    for (const text of ["[3,{", '[3,{"count":"', "[3,{}],[", '[3],["x",0,1,[3]', "1,2", "", "]", "null"]) {
      await kv.commit({
        sets: [{ key: ["task", "state", "t199"], value: new TextEncoder().encode(text) }],
      });
      await assert.rejects(throughRows(kv, path), (error) => {
        assert.ok(error instanceof ApiError && error.code === "DATABASE_ERROR");
        assert.deepEqual(
          (error.details.damages as { record: string }[]).map(({ record }) => record),
          ["task 't199'"],
        );
        return true;
      }, text);
    }
  });
});

Deno.test("a file that is laid out in another way is left to Deno KV", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-rows-" });
  try {
    const database = new DatabaseSync(`${folder}/other`);
    database.exec("CREATE TABLE kv (name TEXT)");
    database.close();
    assert.equal(await openRows(`${folder}/other`), undefined);
    assert.equal(await openRows(`${folder}/missing`), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
