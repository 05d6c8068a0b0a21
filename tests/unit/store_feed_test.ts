/** The feed of each node's changes, and how the others follow it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import * as z from "zod";
import { type Actor, OWNER, SERVER } from "../../src/domain/actor.ts";
import { BELL, FEED_KEPT, FeedWriter, lastOf } from "../../src/store/feed.ts";
import { FeedNotifier, type Followed } from "../../src/store/feed_notifier.ts";
import { type Changed, GroupCommit } from "../../src/store/group_commit.ts";
import { encode } from "../../src/store/json.ts";
import type { KeyValue } from "../../src/store/kv/kv.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { beginEpoch } from "../../src/store/node_lease.ts";
import { recordKind } from "../../src/store/record_kinds.ts";
import type { Change } from "../../src/store/record_memory.ts";
import { RecordStore } from "../../src/store/record_store.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const POLL_MS = 5_000;

/** Lets all answers of the store come. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

/** Writes an entry with this number, as a commit of the node does. */
async function write(kv: KeyValue, node: string, seq: number, ...changed: Changed[]): Promise<void> {
  const sets = [{ key: ["feed", node, seq], value: encode(changed) }, {
    key: BELL,
    value: encode([node, seq]),
  }];
  assert.ok((await kv.commit({ sets })).ok);
}

async function numbers(kv: KeyValue, node: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { key } of kv.list({ prefix: ["feed", node] })) found.push(key[2] as number);
  return found;
}

const changeOf = (id: string, by: Actor = SERVER, kind = "task"): Changed => [kind, id, by];

/** What a notifier asks of one kind of record. */
function followed() {
  const asked: ([id: string, by: Actor][] | "all")[] = [];
  const kind: Followed & { asked: typeof asked; fail?: Error } = {
    asked,
    refresh(ids) {
      if (kind.fail) return Promise.reject(kind.fail);
      asked.push([...ids]);
      return Promise.resolve();
    },
    refreshAll() {
      if (kind.fail) return Promise.reject(kind.fail);
      asked.push("all");
      return Promise.resolve();
    },
  };
  return kind;
}

/** The notifier of node `c`, which follows `a` and `b`. */
async function following(kv: KeyValue) {
  for (const node of ["a", "b", "c"]) await beginEpoch(kv, node);
  const clock = new HandClock();
  const notifier = new FeedNotifier({ kv, clock, node: "c", poll_ms: POLL_MS });
  const task = followed();
  const caughtUp: string[] = [];
  await notifier.begin();
  const start = () =>
    notifier.start({ task }, {
      catchUp: (node) => {
        caughtUp.push(node);
        return Promise.resolve();
      },
    });
  return { clock, notifier, task, caughtUp, start };
}

Deno.test("an entry takes the one along that is too old, in the same commit", async () => {
  const kv = new MemoryKeyValue();
  for (
    const [last, deleted] of [[0, []], [FEED_KEPT - 1, []], [FEED_KEPT, [1]], [FEED_KEPT + 6, [7]]] as const
  ) {
    if (last > 0) await write(kv, "a", last);
    const feed = new FeedWriter("a");
    await feed.begin(kv);
    const { sets, deletes } = feed.entry([changeOf("t")]);
    assert.deepEqual(sets.map(({ key }) => key), [["feed", "a", last + 1], BELL]);
    assert.deepEqual(deletes, deleted.map((seq) => ["feed", "a", seq]));
  }
});

Deno.test("a new life goes on after the last entry, and removes what commits that failed left behind", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: 3 * FEED_KEPT }), { maxLength: 40 }),
      async (seqs) => {
        const kv = new MemoryKeyValue();
        for (const seq of seqs) await write(kv, "a", seq);
        await write(kv, "b", 1);
        const feed = new FeedWriter("a");
        await feed.begin(kv);
        const last = Math.max(0, ...seqs);
        assert.equal(await lastOf(kv, "a"), last);
        const kept = seqs.filter((seq) => seq > last - FEED_KEPT + 1 || seq === last).sort((x, y) => x - y);
        const found = await numbers(kv, "a");
        // The entry that the next commit deletes may still be there.
        assert.deepEqual(found.filter((seq) => seq !== last + 1 - FEED_KEPT), kept);
        assert.deepEqual(await numbers(kv, "b"), [1]);
        assert.deepEqual(feed.entry([]).sets[0]?.key, ["feed", "a", last + 1]);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("what several nodes change is learned in the order of their commits", async () => {
  const step = fc.record({
    node: fc.constantFrom("a", "b"),
    id: fc.constantFrom("t1", "t2", "t3", "t4", "t5"),
    by: fc.constantFrom(OWNER, SERVER),
    /** How many numbers come to nothing, since their commits failed. */
    failed: fc.constantFrom(0, 0, 0, 2),
    look: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const kv = new MemoryKeyValue();
      const { notifier, task, clock, start } = await following(kv);
      await start();
      await settled();
      const next: Record<string, number> = { a: 1, b: 1 };
      const expected: [string, Actor][][] = [];
      let open = new Map<string, Actor>();
      const look = async () => {
        clock.pass(POLL_MS);
        await settled();
        if (open.size > 0) expected.push([...open]);
        open = new Map();
        assert.deepEqual(task.asked, expected);
      };
      for (const { node, id, by, failed, look: looks } of steps) {
        const seq = next[node]! + failed;
        next[node] = seq + 1;
        await kv.commit({ sets: [{ key: ["feed", node, seq], value: encode([changeOf(id, by)]) }] });
        open.set(id, by);
        if (!looks) continue;
        // As the commit does, but without the entry.
        await kv.commit({ sets: [{ key: BELL, value: encode([node, seq]) }] });
        await look();
      }
      await notifier.stop();
    }),
    { numRuns: 60 },
  );
});

Deno.test("what was written while the records were loaded is read again at the start", async () => {
  const kv = new MemoryKeyValue();
  await write(kv, "a", 1, changeOf("before"));
  const { notifier, task, caughtUp, start } = await following(kv);
  await write(kv, "a", 2, changeOf("meanwhile", OWNER));
  await write(kv, "c", 1, changeOf("our own"));
  await start();
  assert.deepEqual(task.asked, [[["meanwhile", OWNER]]]);
  assert.deepEqual([...new Set(caughtUp)], ["a", "b"]);
  await notifier.stop();
});

Deno.test("the bell makes a node look at once, and after the stop no more", async () => {
  const kv = new MemoryKeyValue();
  const { clock, notifier, task, start } = await following(kv);
  await start();
  await settled();
  await write(kv, "a", 1, changeOf("t1"), changeOf("t2"), changeOf("s", SERVER, "unknown kind"));
  await settled();
  assert.deepEqual(task.asked, [[["t1", SERVER], ["t2", SERVER]]]);
  await notifier.stop();
  await write(kv, "a", 2, changeOf("t3"));
  clock.pass(10 * POLL_MS);
  await settled();
  assert.equal(task.asked.length, 1);
  assert.equal(clock.timers, 0);
});

Deno.test("changes that could not be read are read again, and none is skipped", async () => {
  const kv = new MemoryKeyValue();
  const { clock, notifier, task, start } = await following(kv);
  await start();
  task.fail = new Error("the store is gone");
  await write(kv, "a", 1, changeOf("t1"));
  await settled();
  await write(kv, "b", 1, changeOf("t2"));
  await settled();
  assert.deepEqual(task.asked, []);
  task.fail = undefined;
  clock.pass(POLL_MS);
  await settled();
  assert.deepEqual(task.asked, [[["t1", SERVER], ["t2", SERVER]]]);
  await notifier.stop();
});

Deno.test("a node that is further behind than entries are kept reads all records again", async () => {
  const ends = [[FEED_KEPT, [["t", SERVER]]], [FEED_KEPT + 1, "all"]] as const;
  for (const [seq, expected] of ends) {
    const kv = new MemoryKeyValue();
    const { notifier, task, start } = await following(kv);
    await start();
    await settled();
    await write(kv, "a", seq, changeOf("t"));
    await settled();
    assert.deepEqual(task.asked, [expected], `${seq}`);
    // From there on it follows as before.
    await write(kv, "a", seq + 1, changeOf("next"));
    await settled();
    assert.deepEqual(task.asked, [expected, [["next", SERVER]]]);
    await notifier.stop();
  }
});

Deno.test("after a gap memory holds what the store holds, and listeners hear of each difference", async () => {
  const kv = new MemoryKeyValue();
  for (const node of ["a", "b"]) await beginEpoch(kv, node);
  const kind = recordKind("task", z.object({}), z.object({ count: z.number() }));
  const storeOf = (publish: (changes: Change<object, { count: number }>[]) => unknown, feed?: FeedWriter) => {
    const stamp = feed && { of: feed.entry.bind(feed), refusal: () => Promise.resolve(undefined) };
    return new RecordStore(kind, kv, new GroupCommit(kv, stamp), new HandClock(), publish);
  };
  const ours = storeOf(() => {}, new FeedWriter("a"));
  const record = (id: string, count = 0) => ({ id, spec: {}, state: { count } });
  await ours.update(() => ({ creates: [record("same"), record("changed"), record("removed")] }), OWNER);
  const heard: Change<object, { count: number }>[] = [];
  const theirs = storeOf((changes) => heard.push(...changes));
  const notifier = new FeedNotifier({ kv, clock: new HandClock(), node: "b", poll_ms: POLL_MS });
  await notifier.begin();
  await theirs.load();
  await notifier.start({ task: theirs }, { catchUp: () => Promise.resolve() });
  await settled();
  // As if nobody had heard the bell until the entries of these changes were gone.
  await notifier.stop();
  await ours.update(() => ({
    creates: [record("new")],
    updates: [{ id: "changed", state: { count: 1 } }],
    removes: ["removed"],
  }), OWNER);
  await kv.commit({ deletes: [["feed", "a", 2]] });
  await write(kv, "a", FEED_KEPT + 5);
  await notifier.start({ task: theirs }, { catchUp: () => Promise.resolve() });
  await notifier.stop();
  const byId = (a: { id: string }, b: { id: string }) => a.id < b.id ? -1 : 1;
  assert.deepEqual([...theirs.values()].sort(byId), [...ours.values()].sort(byId));
  assert.deepEqual(heard.map(({ before, after }) => (after ?? before)!.id).sort(), [
    "changed",
    "new",
    "removed",
  ]);
});
