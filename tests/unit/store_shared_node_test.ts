/** The lease of a node on a shared store: who holds it, when it is lost, and who may take it away. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ApiError } from "../../src/domain/errors.ts";
import { NodeRecord } from "../../src/domain/lease.ts";
import { GroupCommit } from "../../src/store/group_commit.ts";
import { decode, encode } from "../../src/store/json.ts";
import type { KeyValue } from "../../src/store/kv/kv.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { beginEpoch, epochKey } from "../../src/store/node_lease.ts";
import { type NodeEvent, SharedNode } from "../../src/store/shared_node.ts";
import { HandClock } from "./fixtures/hand_clock.ts";
import { gate, tapped } from "./store_fixtures.ts";

const LEASE_MS = 9_000;
const THIRD_MS = LEASE_MS / 3;
const LOST_AFTER_MS = 2 * THIRD_MS;

interface Member {
  node: SharedNode;
  clock: HandClock;
  events: NodeEvent[];
  /** Lets time pass for this node alone, in steps short enough for each answer to come in time. */
  pass(ms: number): Promise<void>;
}

/** Lets all answers of the store come. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

async function join(kv: KeyValue, name: string, clock = new HandClock()): Promise<Member> {
  const events: NodeEvent[] = [];
  const node = new SharedNode({
    kv,
    clock,
    node: name,
    lease_ms: LEASE_MS,
    publish: (event) => events.push(event),
  });
  await node.join();
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 200) {
      clock.pass(Math.min(200, left));
      await settled();
    }
  };
  return { node, clock, events, pass };
}

async function recordOf(kv: KeyValue, name: string): Promise<NodeRecord | undefined> {
  const entry = await kv.get(["node", name]);
  return entry && NodeRecord.parse(decode(entry.value));
}

async function epochOf(kv: KeyValue, name: string): Promise<unknown> {
  return decode((await kv.get(epochKey(name)))!.value);
}

const leaseOf = ({ node }: Member, fencing = node.epoch) => ({ node: node.node, attempt: 1, fencing });
/** The nodes whose leases were found void since the join, which tells of every node's earlier lives. */
const voided = ({ events }: Member) => events.flatMap((event) => event.kind === "void" ? [event.node] : []);
const kinds = ({ events }: Member) => events.map(({ kind }) => kind);
const isUnavailable = (error: unknown) => error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE";

Deno.test("each life of a node begins a new epoch, and the leases of earlier lives are void", async () => {
  const kv = new MemoryKeyValue();
  for (const epoch of [1, 2, 3]) {
    const life = await join(kv, "a");
    assert.equal(life.node.epoch, epoch);
    assert.equal(await epochOf(kv, "a"), epoch);
    assert.deepEqual(await recordOf(kv, "a"), {
      node: "a",
      fencing: epoch,
      lease_ms: LEASE_MS,
      until: "1970-01-01T00:00:09.000Z",
      renewals: 1,
    });
    for (const [fencing, isOwn] of [[epoch - 1, false], [epoch, true], [epoch + 1, false]] as const) {
      assert.equal(life.node.isOwn(leaseOf(life, fencing)), isOwn);
      assert.equal(life.node.isVoid(leaseOf(life, fencing)), !isOwn);
    }
    assert.equal(life.node.isOwn({ ...leaseOf(life), node: "b" }), false);
    assert.equal(life.node.isOwn(undefined), false);
  }
});

Deno.test("a lease is renewed each third of its length, for as long as the store answers", async () => {
  const kv = tapped();
  const a = await join(kv, "a");
  for (let thirds = 1; thirds <= 20; thirds++) {
    await a.pass(THIRD_MS - 1);
    assert.equal((await recordOf(kv, "a"))?.renewals, thirds);
    await a.pass(1);
    assert.equal((await recordOf(kv, "a"))?.renewals, thirds + 1);
    assert.equal(a.node.runs_out_ms, thirds * THIRD_MS + LEASE_MS);
  }
  assert.ok(!a.node.lost.aborted);
  assert.ok(kinds(a).every((kind) => kind === "renewed"));
});

Deno.test("a lease is lost two thirds after the last renewal that succeeded, and no earlier", async () => {
  const outages = { "never answers": undefined, "fails": new Error("the store is gone") };
  for (const [name, failure] of Object.entries(outages)) {
    const kv = tapped();
    const a = await join(kv, "a");
    await a.pass(THIRD_MS);
    kv.before = () => failure ? Promise.reject(failure) : new Promise(() => {});
    await a.pass(LOST_AFTER_MS - 1);
    assert.equal(a.node.lost.aborted, false, name);
    assert.ok(a.node.epochCheck());
    await a.pass(1);
    assert.equal(a.node.lost.aborted, true, name);
    assert.throws(() => a.node.epochCheck(), isUnavailable);
    assert.equal(kinds(a).at(-1), "lost");
    // What comes later changes nothing: a lost lease is not won back.
    kv.before = () => undefined;
    await a.pass(LEASE_MS);
    assert.equal(a.node.lost.aborted, true, name);
    assert.equal(kinds(a).filter((kind) => kind === "lost").length, 1);
  }
});

Deno.test("a renewal that failed is tried again in time to keep the lease", async () => {
  const kv = tapped();
  const a = await join(kv, "a");
  kv.before = () => Promise.reject(new Error("the store is gone"));
  await a.pass(LOST_AFTER_MS - 1_000);
  kv.before = () => undefined;
  await a.pass(1_000);
  assert.equal(a.node.lost.aborted, false);
  assert.ok(a.node.runs_out_ms > LEASE_MS);
});

Deno.test("a lease counts from when its renewal was sent, and an answer after the loss says nothing", async () => {
  const kv = tapped();
  const a = await join(kv, "a");
  const slow = gate();
  kv.after = () => slow.closed;
  await a.pass(THIRD_MS + 2_000);
  slow.open();
  await settled();
  assert.equal(a.node.runs_out_ms, THIRD_MS + LEASE_MS);
  const late = gate();
  kv.after = () => late.closed;
  await a.pass(LOST_AFTER_MS);
  assert.equal(a.node.lost.aborted, true);
  late.open();
  await settled();
  assert.equal(a.node.runs_out_ms, THIRD_MS + LEASE_MS);
  assert.throws(() => a.node.epochCheck(), isUnavailable);
});

Deno.test("a node that was paused past its lease finds out at its next commit, before any timer fires", async () => {
  const a = await join(new MemoryKeyValue(), "a");
  a.clock.passUnseen(LOST_AFTER_MS - 1);
  assert.ok(a.node.epochCheck());
  a.clock.passUnseen(1);
  assert.throws(() => a.node.epochCheck(), isUnavailable);
  assert.equal(a.node.lost.aborted, true);
});

Deno.test("a lease is taken away when its record has not changed for its length on the judge's own clock", async () => {
  const hour_ms = 3_600_000;
  for (const wall_ahead_ms of [0, 1e5 * hour_ms, -1e5 * hour_ms]) {
    const kv = new MemoryKeyValue();
    const a = await join(kv, "a", new HandClock(5 * hour_ms));
    const clock = new HandClock(7 * hour_ms);
    clock.wall_ahead_ms = wall_ahead_ms;
    const b = await join(kv, "b", clock);
    b.events.length = 0;
    await b.pass(LEASE_MS - 1);
    assert.equal(b.node.isVoid(leaseOf(a)), false);
    assert.deepEqual(voided(b), []);
    await b.pass(1);
    assert.equal(b.node.isVoid(leaseOf(a)), true);
    assert.equal(b.node.isVoid(leaseOf(a, 2)), false, "the next life's");
    assert.deepEqual(voided(b), ["a"]);
    assert.equal(await epochOf(kv, "a"), 2);
    assert.equal(await recordOf(kv, "a"), undefined);
    assert.equal(b.node.lost.aborted, false);
  }
});

Deno.test("a judge begins to count when it first sees a version, however old that is", async () => {
  const kv = new MemoryKeyValue();
  const a = await join(kv, "a");
  const b = await join(kv, "b");
  await b.pass(LEASE_MS - THIRD_MS);
  await a.pass(THIRD_MS);
  // The renewal is seen at the next look, and counts from there.
  await b.pass(THIRD_MS + LEASE_MS - 1);
  assert.equal(b.node.isVoid(leaseOf(a)), false);
  await b.pass(1);
  assert.equal(b.node.isVoid(leaseOf(a)), true);
});

Deno.test("of several judges one takes a lease away, and all learn of it", async () => {
  const kv = new MemoryKeyValue();
  const a = await join(kv, "a");
  const judges = [await join(kv, "b"), await join(kv, "c"), await join(kv, "d")];
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 500) {
      for (const { clock } of judges) clock.pass(500);
      await settled();
    }
  };
  await pass(THIRD_MS);
  for (const { events } of judges) events.length = 0;
  await pass(LEASE_MS);
  assert.equal(await epochOf(kv, "a"), 2);
  for (const judge of judges) {
    assert.equal(judge.node.isVoid(leaseOf(a)), true);
    assert.deepEqual(voided(judge), ["a"]);
  }
});

Deno.test("a node whose lease was taken away commits nothing, though it has not noticed", async () => {
  const kv = new MemoryKeyValue();
  const a = await join(kv, "a");
  const commits = new GroupCommit(kv, {
    of: () => ({ checks: [a.node.epochCheck()], sets: [], deletes: [] }),
    refusal: () => a.node.refusal(),
  });
  const write = (key: string) => commits.commit({ sets: [{ key: [key], value: new Uint8Array() }] });
  assert.equal((await write("in time")).ok, true);
  // A is paused: its clock stands still.
  const b = await join(kv, "b");
  await b.pass(LEASE_MS);
  assert.equal(a.node.lost.aborted, false);
  await assert.rejects(write("late"), isUnavailable);
  assert.equal(await kv.get(["late"]), undefined);
  assert.equal(a.node.lost.aborted, true);
});

Deno.test("after a loss a node joins again under a new epoch", async () => {
  const kv = tapped();
  const a = await join(kv, "a");
  const before = leaseOf(a);
  const { lost } = a.node;
  kv.before = () => Promise.reject(new Error("the store is gone"));
  await a.pass(LOST_AFTER_MS);
  kv.before = () => undefined;
  await a.node.rejoin();
  assert.equal(lost.aborted, true);
  assert.equal(a.node.lost.aborted, false);
  assert.equal(a.node.epoch, 2);
  assert.equal(a.node.isVoid(before), true);
  assert.equal(a.node.isOwn(leaseOf(a)), true);
  assert.ok(a.node.epochCheck());
  await a.pass(2 * LEASE_MS);
  assert.equal(a.node.lost.aborted, false);
});

Deno.test("a node that leaves gives its lease up, at once and once", async () => {
  const kv = tapped();
  const a = await join(kv, "a");
  await a.node.leave(true);
  const sent = kv.sent.length;
  await a.node.leave(true);
  assert.equal(kv.sent.length, sent);
  assert.equal(await recordOf(kv, "a"), undefined);
  assert.equal(a.node.lost.aborted, true);
  assert.equal(a.clock.timers, 0);
});

Deno.test("a node that leaves tasks behind keeps its lease until it runs out, so that others take them over", async () => {
  const kv = tapped();
  const a = await join(kv, "a");
  const b = await join(kv, "b");
  const held = leaseOf(a);
  await a.node.leave(false);
  assert.equal(a.node.lost.aborted, true);
  assert.equal(a.clock.timers, 0);
  await b.pass(LEASE_MS - 1);
  assert.equal(b.node.isVoid(held), false);
  await b.pass(1 + THIRD_MS);
  assert.equal(b.node.isVoid(held), true);
});

Deno.test("whatever fails, a node has lost its lease before another takes it away", async () => {
  const step = fc.record({
    ms: fc.constantFrom(100, 300, 500, 700),
    /** How the store answers the holder from here on. */
    store: fc.constantFrom("answers" as const, "answers" as const, "fails" as const, "is silent" as const),
  });
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.integer({ min: -1e9, max: 1e9 }),
      async (steps, wall_ahead_ms) => {
        const memory = new MemoryKeyValue();
        const kv = tapped(memory);
        const a = await join(kv, "a");
        const clock = new HandClock(1e6);
        clock.wall_ahead_ms = wall_ahead_ms;
        const b = await join(memory, "b", clock);
        for (const { ms, store } of steps) {
          kv.before = () =>
            store === "answers"
              ? undefined
              : store === "fails"
              ? Promise.reject(new Error("the store is gone"))
              : new Promise(() => {});
          a.clock.pass(ms);
          await settled();
          b.clock.pass(ms);
          await settled();
          if (b.node.isVoid(leaseOf(a))) {
            assert.equal(a.node.lost.aborted, true);
            taken++;
          }
        }
      },
    ),
    { numRuns: 40 },
  );
  assert.ok(taken > 0, "no lease was ever taken away");
});

Deno.test("an epoch that cannot be read stops the node by its name, and is not written over", async () => {
  const kv = new MemoryKeyValue();
  const key = epochKey("a");
  await kv.commit({ sets: [{ key, value: encode("one") }] });
  await assert.rejects(
    beginEpoch(kv, "a"),
    (error) => error instanceof ApiError && error.code === "DATABASE_ERROR" && /node 'a'/.test(error.message),
  );
  assert.equal(decode((await kv.get(key))!.value), "one");
});

Deno.test("a server with another data folder gets a node's name only when the lease has run out", async () => {
  const kv = new MemoryKeyValue();
  const at = (place: string, clock: HandClock) =>
    new SharedNode({ kv, clock, node: "a", place, lease_ms: LEASE_MS, publish: () => {} });
  const own = new HandClock();
  const first = at("folder-1", own);
  await first.join();
  const passing = async (clock: HandClock, promise: Promise<unknown>, also?: HandClock) => {
    let isOver = false;
    promise.then(() => isOver = true, () => isOver = true);
    for (let passed = 0; !isOver; passed += 100) {
      assert.ok(passed <= 2 * LEASE_MS, "it ends within two leases");
      await settled();
      clock.pass(100);
      also?.pass(100);
    }
  };
  const rival = new HandClock();
  const refused = at("folder-2", rival).join();
  await passing(rival, refused, own);
  await assert.rejects(
    refused,
    (error) =>
      error instanceof ApiError && error.code === "PROCESS_ALREADY_EXISTS" && error.details.value === "a",
  );
  // The same folder, at once; and another one when the holder is silent for the length of its lease.
  const second = at("folder-1", new HandClock());
  await second.join();
  assert.equal(second.epoch, 2);
  const heir = new HandClock();
  const third = at("folder-2", heir);
  const joined = third.join();
  await passing(heir, joined);
  await joined;
  assert.equal(third.epoch, 3);
  assert.ok(heir.monotonic() >= LEASE_MS);
});

Deno.test("after a sleep of the machine the lease is renewed at once, and lost if that is not confirmed", async () => {
  for (const isThere of [true, false]) {
    const kv = tapped();
    const { node, clock, pass } = await join(kv, "a");
    const { renewals } = (await recordOf(kv, "a"))!;
    clock.wall_ahead_ms += 3_600_000;
    if (!isThere) kv.before = () => Promise.reject(new Error("no network"));
    await pass(1_000);
    assert.equal((await recordOf(kv, "a"))!.renewals, renewals + Number(isThere));
    assert.equal(node.lost.aborted, false);
    await pass(3_000);
    assert.equal(node.lost.aborted, !isThere);
    await node.leave(false);
  }
});
