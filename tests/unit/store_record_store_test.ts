import assert from "node:assert/strict";
import { OWNER, SERVER } from "../../src/domain/actor.ts";
import { systemClock } from "../../src/clock/clock.ts";
import fc from "fast-check";
import * as z from "zod";
import { ApiError } from "../../src/domain/errors.ts";
import { GroupCommit } from "../../src/store/group_commit.ts";
import type { TaskRecord } from "../../src/domain/task_record.ts";
import { loadStore } from "../../src/store/open.ts";
import { VERSION } from "../../src/domain/migrations/migrations.ts";
import { encode } from "../../src/store/json.ts";
import { Outputs } from "../../src/store/outputs.ts";
import type { KeyValue } from "../../src/store/kv/kv.ts";
import { recordKind } from "../../src/store/record_kinds.ts";
import type { Change } from "../../src/store/record_memory.ts";
import type { Plan } from "../../src/store/record_plan.ts";
import { RecordReader } from "../../src/store/record_reader.ts";
import { RecordStore } from "../../src/store/record_store.ts";
import { gate, type Tapped, tapped } from "./store_fixtures.ts";

const Spec = z.object({ text: z.string() });
type Spec = z.infer<typeof Spec>;
const State = z.object({ count: z.number(), text: z.string().optional() });
type State = z.infer<typeof State>;
const kindOf = (name: string) => recordKind(name, Spec, State);

function storeOn(kv: Tapped, name = "task", publish: (changes: Change<Spec, State>[]) => unknown = () => {}) {
  return new RecordStore(kindOf(name), kv, new GroupCommit(kv), systemClock, publish);
}

async function reloaded(kv: Tapped): Promise<RecordStore<Spec, State>> {
  const store = storeOn(tapped(kv.memory.reopened()));
  await store.load();
  return store;
}

const record = (id: string, count = 0, text = "") => ({ id, spec: { text }, state: { count } });
const creating = (...ids: string[]) => (): Plan<Spec, State> => ({ creates: ids.map((id) => record(id)) });
const adding = (id: string) => (view: { get(id: string): { state: State } | undefined }) => ({
  updates: [{ id, state: { count: view.get(id)!.state.count + 1 } }],
});
const contents = (store: RecordStore<Spec, State>) =>
  [...store.values()].sort((a, b) => a.id < b.id ? -1 : 1);

async function keys(kv: Tapped): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of kv.list({ prefix: [] })) found.push(key.join("/"));
  return found;
}

Deno.test("memory and store agree after creates, updates and removes", async () => {
  const kv = tapped();
  const store = storeOn(kv);
  await store.update(creating("a", "b", "c"), SERVER);
  await store.update(adding("b"), SERVER);
  await store.update(() => ({ removes: ["a"], updates: [{ id: "c", state: { count: 9 } }] }), SERVER);
  assert.deepEqual(contents(store), [record("b", 1), record("c", 9)]);
  assert.deepEqual(contents(await reloaded(kv)), contents(store));
  assert.equal(store.size, 2);
});

Deno.test("a record that is replaced each time it is read is given up, with an error that names it", async () => {
  let version = 0;
  const entry = (key: readonly string[]) => ({
    key: [...key],
    // Its spec is stored apart.
    value: encode([VERSION, { count: 1 }]),
    versionstamp: String(++version),
  });
  const changing: KeyValue = {
    get: (key) => Promise.resolve(entry(key as string[])),
    async *list({ prefix }) {
      if (prefix[1] === "state") yield await Promise.resolve(entry(["task", "state", "a"]));
    },
    commit: () => Promise.reject(new Error("not used")),
    watch: () => () => {},
    close: () => {},
  };
  await assert.rejects(new RecordReader(kindOf("task"), changing).one("a", undefined), (error: ApiError) => {
    assert.equal(error.code, "DATABASE_ERROR");
    assert.deepEqual(error.details, { record: "task 'a'", tries: 100 });
    return true;
  });
});

/** Another node's change between the two lists that a load reads. Returns the store that has loaded meanwhile. */
async function loadedDuring(
  first: { id: string; spec: Spec; state: State },
  change: (other: RecordStore<Spec, State>) => Promise<void>,
): Promise<RecordStore<Spec, State>> {
  const kv = tapped();
  const other = storeOn(tapped(kv.memory));
  await other.update(() => ({ creates: [first] }), SERVER);
  const { list } = kv;
  let isChanged = false;
  kv.list = async function* (range) {
    for await (const entry of list(range)) yield entry;
    if (range.prefix[1] === "state" && !isChanged) {
      isChanged = true;
      await change(other);
    }
  };
  const store = storeOn(kv);
  await store.load();
  return store;
}

Deno.test("a record that another node changes while all are read is whole once the change is heard of", async () => {
  const long = (letter: string) => letter.repeat(1000);
  const changes: [string, string][] = [
    [long("x"), long("y")],
    [long("x"), "short"],
    ["short", long("y")],
    ["short", "other"],
  ];
  for (const [before, after] of changes) {
    const store = await loadedDuring(record("a", 0, before), (other) =>
      other.update(() => ({
        updates: [{ id: "a", state: { count: 1 }, spec: { text: after } }],
        creates: [record("b", 0, long("z"))],
      }), SERVER));
    await store.refresh(new Map([["a", SERVER], ["b", SERVER]]));
    assert.deepEqual(contents(store), [record("a", 1, after), record("b", 0, long("z"))]);
  }
});

Deno.test("a record that another node removes while all are read is gone", async () => {
  const store = await loadedDuring(
    record("a", 0, "x".repeat(1000)),
    (other) => other.update(() => ({ removes: ["a"] }), SERVER),
  );
  assert.equal(store.size, 0);
});

Deno.test("a specification of any length may be replaced by one of any other", async () => {
  const length = fc.constantFrom(0, 480, 520, 70_000, 200_000);
  await fc.assert(
    fc.asyncProperty(fc.array(length, { minLength: 1, maxLength: 6 }), async (lengths) => {
      const kv = tapped();
      const store = storeOn(kv);
      await store.update(creating("a"), SERVER);
      for (const [i, size] of lengths.entries()) {
        const spec = { text: String(i).repeat(size) };
        await store.update(() => ({ updates: [{ id: "a", state: { count: i }, spec }] }), SERVER);
        await store.update(adding("a"), SERVER);
        const expected = { id: "a", spec, state: { count: i + 1 } };
        assert.deepEqual(store.get("a"), expected);
        assert.deepEqual((await reloaded(kv)).get("a"), expected);
      }
      await store.update(() => ({ removes: ["a"] }), SERVER);
      assert.deepEqual(await keys(kv), []);
    }),
    { numRuns: 30 },
  );
});

Deno.test("a specification and a state of any length are kept, and removed whole", async () => {
  const kv = tapped();
  const store = storeOn(kv);
  const long = "ü".repeat(100_000);
  await store.update(() => ({ creates: [record("a", 0, long)] }), SERVER);
  await store.update(() => ({ updates: [{ id: "a", state: { count: 1, text: long } }] }), SERVER);
  const kept = { id: "a", spec: { text: long }, state: { count: 1, text: long } };
  assert.deepEqual((await reloaded(kv)).get("a"), kept);
  await store.update(() => ({ updates: [{ id: "a", state: { count: 2, text: "short" } }] }), SERVER);
  assert.deepEqual((await reloaded(kv)).get("a")?.state, { count: 2, text: "short" });
  await store.update(() => ({ updates: [{ id: "a", state: { count: 3, text: long } }] }), SERVER);
  await store.update(() => ({ removes: ["a"] }), SERVER);
  assert.deepEqual(await keys(kv), []);
});

Deno.test("a short specification shares its state's key, a longer one has its own, and either stays so", async () => {
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 480, max: 530 }),
    fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 4 }),
    async (length, texts) => {
      const kv = tapped();
      const store = storeOn(kv);
      const text = "x".repeat(length);
      const isShort = JSON.stringify({ text }).length <= 512;
      const expected = isShort ? ["task/state/a"] : ["task/spec/a/0", "task/state/a"];
      await store.update(() => ({ creates: [record("a", 0, text)] }), SERVER);
      assert.deepEqual(await keys(kv), expected);
      for (const [count, size] of texts.entries()) {
        const state = { count, text: "y".repeat(size) };
        await store.update(() => ({ updates: [{ id: "a", state }] }), SERVER);
        assert.deepEqual(await keys(kv), expected);
        assert.deepEqual((await reloaded(kv)).get("a"), { id: "a", spec: { text }, state });
      }
      const next = storeOn(kv);
      await next.load();
      await next.update(() => ({ removes: ["a"] }), SERVER);
      assert.deepEqual(await keys(kv), []);
    },
  ));
});

Deno.test("a record too large for a commit is refused as a field's value", async () => {
  const store = storeOn(tapped());
  await assert.rejects(
    store.update(() => ({ creates: [record("a", 0, "x".repeat(900_000))] }), SERVER),
    (error) => error instanceof ApiError && error.code === "INVALID_FIELD_VALUE",
  );
  // And the id is free, not held by the change that never was.
  await store.update(creating("a"), SERVER);
  assert.equal(store.size, 1);
});

Deno.test("changes of the same record never lose each other", async () => {
  const kv = tapped();
  const store = storeOn(kv);
  await store.update(creating("a", "b"), SERVER);
  await Promise.all(Array.from({ length: 300 }, (_, i) => store.update(adding(i % 3 ? "a" : "b"), SERVER)));
  assert.deepEqual(contents(store), [record("a", 200), record("b", 100)]);
  assert.deepEqual(contents(await reloaded(kv)), contents(store));
});

Deno.test("of two creates of the same record, one is planned again and sees the other", async () => {
  const store = storeOn(tapped());
  const create = () =>
    store.update((view) => {
      if (view.get("a")) throw new ApiError("TASK_ALREADY_EXISTS", "there");
      return { creates: [record("a")] };
    }, SERVER);
  const results = await Promise.allSettled([create(), create(), create()]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected", "rejected"]);
});

Deno.test("a plan that reads a record is made again if that record changes first", async () => {
  const kv = tapped();
  const store = storeOn(kv);
  await store.update(creating("parent"), SERVER);
  const seen: number[] = [];
  const failing = store.update(() => ({ updates: [{ id: "parent", state: { count: 7 } }] }), SERVER);
  const child = store.update((view) => {
    const { count } = view.get("parent")!.state;
    seen.push(count);
    return { creates: [record("child", count)], reads: ["parent"] };
  }, SERVER);
  await Promise.all([failing, child]);
  assert.deepEqual(seen, [0, 7]);
  assert.equal(store.get("child")?.state.count, 7);
});

Deno.test("an error in a plan is passed on, and nothing changes", async () => {
  const kv = tapped();
  const store = storeOn(kv);
  await assert.rejects(store.update(() => {
    throw new ApiError("TASK_NOT_FOUND", "no");
  }, SERVER));
  await store.update(() => ({}), SERVER);
  assert.equal(kv.sent.length, 0);
});

Deno.test("listeners get changes after the commit, in order, with before and after", async () => {
  const kv = tapped();
  const heard: Change<Spec, State>[] = [];
  const store = storeOn(kv, undefined, (changes) => heard.push(...changes));
  const held = gate();
  kv.before = () => held.closed.then(() => undefined);
  const created = store.update(creating("a"), OWNER);
  await Promise.resolve();
  assert.deepEqual([heard.length, store.size], [0, 0]);
  held.open();
  await created;
  await store.update(adding("a"), SERVER);
  await store.update(() => ({ removes: ["a"] }), SERVER);
  assert.deepEqual(heard, [
    { before: undefined, after: record("a"), by: OWNER },
    { before: record("a"), after: record("a", 1), by: SERVER },
    { before: record("a", 1), after: undefined, by: SERVER },
  ]);
});

Deno.test("a listener that throws does not turn a commit into a failure", async () => {
  const { tasks, changes } = await loadStore(tapped(), systemClock);
  changes.subscribe("task", () => {
    throw new Error("a bug");
  });
  const heard: string[] = [];
  changes.subscribe("task", (some) => void heard.push(...some.map(({ after }) => after!.id)));
  await tasks.update(() => ({ creates: [{ id: "a", spec: {}, state: {} } as TaskRecord] }), SERVER);
  assert.deepEqual([tasks.size, heard], [1, ["a"]]);
});

Deno.test("a failed commit changes nothing, and the caller may try again", async () => {
  const kv = tapped();
  const store = storeOn(kv);
  await store.update(creating("a"), SERVER);
  kv.before = () => Promise.reject(new ApiError("DISK_SPACE_EXCEEDED", "full"));
  await assert.rejects(store.update(adding("a"), SERVER));
  assert.equal(store.get("a")?.state.count, 0);
  kv.before = () => undefined;
  await store.update(adding("a"), SERVER);
  assert.equal(store.get("a")?.state.count, 1);
});

Deno.test("a commit that timed out but succeeded is noticed by the next change", async (t) => {
  const lost = async (store: RecordStore<Spec, State>, kv: Tapped, plan: () => Plan<Spec, State>) => {
    kv.after = () => Promise.reject(new ApiError("DATABASE_CONNECTION_ERROR", "too late"));
    await assert.rejects(store.update(plan, SERVER));
    kv.after = () => {};
  };
  await t.step("an update", async () => {
    const kv = tapped();
    const store = storeOn(kv);
    await store.update(creating("a"), SERVER);
    await lost(store, kv, () => ({ updates: [{ id: "a", state: { count: 41 } }] }));
    await store.update(adding("a"), SERVER);
    assert.equal(store.get("a")?.state.count, 42);
  });
  await t.step("a create", async () => {
    const kv = tapped();
    const heard: Change<Spec, State>[] = [];
    const store = storeOn(kv, undefined, (changes) => heard.push(...changes));
    await lost(store, kv, creating("a"));
    const again = store.update((view) => {
      if (view.get("a")) throw new ApiError("TASK_ALREADY_EXISTS", "there");
      return { creates: [record("a")] };
    }, SERVER);
    await assert.rejects(again, (error) => error instanceof ApiError && error.code === "TASK_ALREADY_EXISTS");
    assert.deepEqual(heard, [{ before: undefined, after: record("a"), by: SERVER }]);
  });
  await t.step("a remove", async () => {
    const kv = tapped();
    const store = storeOn(kv);
    await store.update(creating("a"), SERVER);
    await lost(store, kv, () => ({ removes: ["a"] }));
    await store.update(
      (view) => view.get("a") ? { updates: [{ id: "a", state: { count: 1 } }] } : {},
      SERVER,
    );
    assert.equal(store.size, 0);
    assert.deepEqual(await keys(kv), []);
  });
});

Deno.test("two kinds of records share a store without interfering", async () => {
  const kv = tapped();
  const commits = new GroupCommit(kv);
  const tasks = new RecordStore(kindOf("task"), kv, commits, systemClock, () => {});
  const schedules = new RecordStore(kindOf("schedule"), kv, commits, systemClock, () => {});
  await Promise.all([tasks.update(creating("a"), SERVER), schedules.update(creating("a", "b"), SERVER)]);
  const again = new RecordStore(kindOf("schedule"), kv, commits, systemClock, () => {});
  await again.load();
  assert.deepEqual([tasks.size, again.size], [1, 2]);
});

Deno.test("any history of concurrent changes leaves memory, store and events in agreement", async () => {
  const change = fc.record({
    kind: fc.constantFrom("create", "add", "remove"),
    id: fc.constantFrom("a", "b", "c"),
    other: fc.constantFrom("a", "b", "c"),
    fails: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 30 }), async (changes) => {
      const kv = tapped();
      const mirror = new Map<string, State>();
      const store = storeOn(kv, undefined, (changes) => {
        for (const { before, after } of changes) {
          assert.deepEqual(before && mirror.get(before.id), before?.state);
          if (after) mirror.set(after.id, after.state);
          else mirror.delete(before!.id);
        }
      });
      let failures = 0;
      kv.after = () => {
        if (failures-- > 0) throw new ApiError("DATABASE_CONNECTION_ERROR", "too late");
      };
      await Promise.allSettled(changes.map(async ({ kind, id, other, fails }) => {
        if (fails) failures = 1;
        await store.update((view) => {
          const there = view.get(id);
          if (kind === "create") return there ? {} : { creates: [record(id)], reads: [other] };
          if (!there) return {};
          return kind === "remove" ? { removes: [id] } : adding(id)(view);
        }, SERVER);
      }));
      kv.after = () => {};
      // What was given up is noticed by the next change of the same record.
      for (const id of ["a", "b", "c"]) {
        await store.update((view) => view.get(id) ? adding(id)(view) : { creates: [record(id)] }, SERVER);
      }
      assert.deepEqual(contents(await reloaded(kv)), contents(store));
      assert.deepEqual(
        new Map(contents(store).map(({ id, state }) => [id, state])),
        new Map([...mirror].sort()),
      );
    }),
    { numRuns: 200 },
  );
});

Deno.test("outputs fit into a value, whatever they contain", async () => {
  const kv = tapped();
  const outputs = new Outputs(kv);
  const texts = [
    "",
    "line\nline\n",
    "\u001b[31m".repeat(8_000).slice(0, 32_768),
    "ü€\u{1f600}\ufeff",
    "\ufeffbom",
  ];
  for (const [i, output] of texts.entries()) {
    await kv.commit({ sets: [outputs.entry("a", i + 1, { output, exit_code: i })] });
    assert.deepEqual(await outputs.get("a", i + 1), { output, exit_code: i });
  }
  const large = outputs.entry("b", 1, { output: "ü".repeat(60_000), usage: { note: "x".repeat(30_000) } });
  await kv.commit({ sets: [large] });
  const kept = await outputs.get("b", 1);
  assert.match(kept!.output, /^ü{20000,}$/);
  assert.equal(kept!.usage, undefined);
  assert.equal(await outputs.get("b", 2), undefined);
  await kv.commit({ deletes: [...outputs.keysOf("a", texts.length), ...outputs.keysOf("b", 1)] });
  assert.deepEqual(await keys(kv), []);
});

Deno.test("what another node builds on a change of ours is not learned before that change is known", async () => {
  const kv = tapped();
  const heard: string[] = [];
  const store = storeOn(kv, undefined, (changes) => heard.push(...changes.map(({ after }) => after!.id)));
  const other = storeOn(tapped(kv.memory));
  // The change reaches the store, but the answer does not come back, and for a while nothing can be read.
  kv.after = () => Promise.reject(new Error("the line is cut"));
  const { list } = kv;
  kv.list = () => {
    throw new Error("the line is cut");
  };
  await assert.rejects(store.update(creating("first"), SERVER));
  await other.load();
  await other.update(() => ({ creates: [record("second")], reads: ["first"] }), SERVER);
  const learned = () => store.refresh(new Map([["second", SERVER]]));
  await assert.rejects(learned());
  assert.deepEqual(heard, []);
  kv.list = list;
  await learned();
  assert.deepEqual(heard, ["first", "second"]);
  store.close();
});

Deno.test("a change of ours that is on its way is known before what another node builds on it", async () => {
  const kv = tapped();
  const heard: string[] = [];
  const store = storeOn(kv, undefined, (changes) => heard.push(...changes.map(({ after }) => after!.id)));
  const other = storeOn(tapped(kv.memory));
  const answer = gate();
  kv.after = () => answer.closed;
  const ours = store.update(creating("first"), SERVER);
  // Until the change is in the store.
  while (!(await kv.memory.get(["task", "state", "first"])));
  await other.load();
  await other.update(() => ({ creates: [record("second")], reads: ["first"] }), SERVER);
  const learned = store.refresh(new Map([["second", SERVER]]));
  answer.open();
  await Promise.all([ours, learned]);
  assert.deepEqual(heard, ["first", "second"]);
});
