/** What is stored is read by its schema: brought up from earlier versions, refused by name when it is damaged. */
import assert from "node:assert/strict";
import fc from "fast-check";
import * as z from "zod";
import { systemClock as clock } from "../../src/clock/clock.ts";
import { SERVER } from "../../src/domain/actor.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { VERSION } from "../../src/domain/migrations/migrations.ts";
import { stored, StoredValueError } from "../../src/domain/stored.ts";
import { encode } from "../../src/store/json.ts";
import type { Key } from "../../src/store/kv/kv.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { loadStore } from "../../src/store/open.ts";
import { KEYS, SCHEDULES, TASKS } from "../../src/store/record_kinds.ts";

const AT = "2026-01-02T03:04:05.678Z";
const SPEC = { type: "testing", priority: "low", description: "d", created_at: AT, order: 1 };
const STATE = {
  status: "running",
  progress: 40,
  retry_count: 0,
  attempt: 1,
  automatic_attempts: 1,
  attempts: [{ attempt: 1, agent: "a", started_at: AT }],
};
const SCHEDULE = {
  scheduled_time: "2099-01-01T02:00:00+01",
  recurring: { interval: "daily", timezone: "Europe/Berlin" },
  task: { type: "testing", priority: "low", description: "d" },
  created_at: AT,
};
const KEY = { name: "k", digest: "0".repeat(64), permissions: ["read"], created_ms: 1 };

Deno.test("stored values: a lease of version 1 names its server's instance, one of version 2 its node", () => {
  const old = { ...STATE, lease: { instance: "gone", fencing: 7 } };
  assert.deepEqual(TASKS.state.read(old, 1), { ...STATE, lease: { node: "gone", attempt: 1, fencing: 7 } });
  assert.throws(() => TASKS.state.read(old, 2), /lease\.node/);
  const today = { ...STATE, lease: { node: "node_1", attempt: 1, fencing: 7 } };
  assert.deepEqual(TASKS.state.read(today, 1), today);
});

Deno.test("stored values: tightening a bound later refuses nothing already stored", () => {
  const large = {
    ...SPEC,
    description: "x".repeat(5000),
    timeout: 1,
    files_pattern: "/etc/../[",
    metadata: { text: "中".repeat(262_000), tags: Array(50).fill("same") },
    execution: { agent: "", env: { "not a name": "x".repeat(99_999) } },
  };
  assert.equal(TASKS.spec.read(large, VERSION), large);
});

const REFUSED: [kind: { read(value: unknown, version: number): unknown }, value: unknown, reason: RegExp][] =
  [
    [TASKS.spec, { ...SPEC, type: "cooking" }, /^type: /],
    [TASKS.spec, { ...SPEC, order: undefined }, /^order: /],
    [TASKS.spec, { ...SPEC, execution: { env: { A: 1 } } }, /^execution\.env\.A: /],
    [TASKS.state, { ...STATE, status: "lost" }, /^status: /],
    [
      TASKS.state,
      { ...STATE, attempts: [{ attempt: "1", agent: "a", started_at: AT }] },
      /^attempts\.0\.attempt: /,
    ],
    [TASKS.state, null, /^value: /],
    [TASKS.state, [STATE], /^value: /],
    [SCHEDULES.spec, { ...SCHEDULE, recurring: { interval: "yearly" } }, /^recurring\.interval: /],
    [SCHEDULES.state, { runs: 1 }, /^next_ms: /],
    [KEYS.spec, { ...KEY, permissions: ["root"] }, /^permissions\.0: /],
  ];

Deno.test("stored values: a value of another shape is refused with the field", () => {
  for (const [kind, value, reason] of REFUSED) {
    assert.throws(() => kind.read(value, VERSION), (error: Error) => {
      assert.ok(error instanceof StoredValueError);
      assert.match(error.message, reason);
      return true;
    });
  }
  assert.throws(() => TASKS.spec.read(SPEC, VERSION + 1), /written by version \d+, and this program knows/);
});

Deno.test("stored values: the quick check accepts what the schema accepts, for any value", () => {
  // No bounds, so that the schema itself is what the check must agree with.
  const shape = z.looseObject({
    a: z.string(),
    b: z.number().optional(),
    c: z.array(z.enum(["x", "y"])),
    d: z.record(z.string(), z.boolean()).optional(),
    e: z.union([z.string(), z.looseObject({ k: z.literal("k") })]).optional(),
    f: z.tuple([z.string(), z.unknown()]).optional(),
  });
  const { read } = stored("sample", shape);
  const near = fc.record({
    a: fc.oneof(fc.string(), fc.integer()),
    b: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)),
    c: fc.array(fc.constantFrom("x", "y", "z"), { maxLength: 3 }),
    d: fc.oneof(fc.dictionary(fc.string(), fc.boolean()), fc.jsonValue()),
    e: fc.oneof(fc.string(), fc.record({ k: fc.constantFrom("k", "l") }), fc.jsonValue()),
    f: fc.oneof(fc.tuple(fc.string(), fc.jsonValue()), fc.array(fc.string(), { maxLength: 3 })),
    g: fc.jsonValue(),
  }, { requiredKeys: [] });
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: near }, fc.jsonValue()), (value) => {
      const isTaken = shape.safeParse(value).success;
      if (isTaken) {
        assert.equal(read(value, VERSION), value);
        taken++;
      } else assert.throws(() => read(value, VERSION), StoredValueError);
    }),
    { numRuns: 3000 },
  );
  assert.ok(taken > 50, `only ${taken} values were taken`);
});

async function storeOf(values: Record<string, unknown>): Promise<MemoryKeyValue> {
  const kv = new MemoryKeyValue();
  const sets = Object.entries({ meta: { format: 1, id: "an-id" }, ...values }).map(([key, value]) => ({
    key: key.split("/").map((part) => /^\d+$/.test(part) ? Number(part) : part) as Key,
    value: typeof value === "string" ? new TextEncoder().encode(value) : encode(value),
  }));
  await kv.commit({ sets });
  return kv;
}

Deno.test("stored values: every damaged record is named, with its reason, and none hides another", async () => {
  const kv = await storeOf({
    "task/spec/good/0": SPEC,
    "task/state/good": STATE,
    "task/spec/broken/0": '{"type":"test',
    "task/state/broken": STATE,
    "task/spec/odd/0": SPEC,
    "task/state/odd": { ...STATE, status: "lost" },
    "task/state/lonely": STATE,
    "schedule/spec/nightly/0": SCHEDULE,
    "schedule/state/nightly": { runs: "many" },
    "key/spec/key_1/0": [VERSION + 1, KEY],
    "key/state/key_1": {},
    "log/head/1": { chunk: 1 },
  });
  const error = await loadStore(kv, clock).then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof ApiError);
  assert.equal(error.code, "DATABASE_ERROR");
  const damages = error.details.damages as { record: string; reason: string }[];
  assert.deepEqual(damages.map(({ record }) => record).sort(), [
    "header of the log's chunk 1 of node_1",
    "key 'key_1'",
    "schedule 'nightly'",
    "task 'broken'",
    "task 'lonely'",
    "task 'odd'",
  ]);
  assert.match(error.message, /task 'broken' \(.*, and 5 more/);
  assert.match(damages.find(({ record }) => record === "task 'odd'")!.reason, /^task\.state: status: /);
  // Not ours yet: an older program may still open it.
  assert.deepEqual(JSON.parse(new TextDecoder().decode((await kv.get(["meta"]))!.value)).format, 1);
});

Deno.test("stored values: a store of version 1 is read, and everything written after has its version", async () => {
  const kv = await storeOf({
    "task/spec/a/0": SPEC,
    "task/state/a": { ...STATE, lease: { instance: "gone", fencing: 1 } },
    "schedule/spec/nightly/0": SCHEDULE,
    "schedule/state/nightly": { runs: 0, next_ms: 5 },
    "key/spec/key_1/0": KEY,
    "key/state/key_1": {},
    "output/a/1": '{"exit_code":3}\nline\nline',
  });
  const store = await loadStore(kv, clock);
  assert.equal(store.id, "an-id");
  assert.equal(store.tasks.get("a")!.state.lease!.node, "gone");
  assert.deepEqual(await store.outputs.get("a", 1), { exit_code: 3, output: "line\nline" });
  await store.tasks.update((view) => ({
    updates: [{ id: "a", state: { ...view.get("a")!.state, progress: 50 } }],
  }), SERVER);
  const text = async (key: Key) => JSON.parse(new TextDecoder().decode((await kv.get(key))!.value));
  assert.equal((await text(["meta"])).format, VERSION);
  assert.deepEqual((await text(["task", "state", "a"]))[0], VERSION);
  const again = await loadStore(kv.reopened(), clock);
  assert.deepEqual(again.tasks.get("a"), store.tasks.get("a"));
  await again.close();
  await store.close();
});

Deno.test("stored values: a malformed output is a DATABASE_ERROR that names its task", async () => {
  const kv = await storeOf({ "output/a/1": "{}", "output/a/2": '[2,{"exit_code":"no"}]\nx' });
  const store = await loadStore(kv, clock);
  for (const attempt of [1, 2]) {
    await assert.rejects(store.outputs.get("a", attempt), {
      code: "DATABASE_ERROR",
      message: new RegExp(`output of task 'a', attempt ${attempt}`),
    });
  }
  await store.close();
});
