/** The audit log in the store: each change and its entry are stored together or not at all, whatever the store answers. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Actor, OWNER, SERVER } from "../../src/domain/actor.ts";
import type { AuditDraft, AuditEntry } from "../../src/domain/audit/audit_entry.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { BELL } from "../../src/store/feed.ts";
import { type Entry, type KeyValue, REMOTE_CHECKS_MAX } from "../../src/store/kv/kv.ts";
import { wideCommits } from "../../src/store/kv/wide_commits.ts";
import { loadStore } from "../../src/store/open.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";
import { AuditLog } from "../../src/store/audit/audit_log.ts";
import { asAction, AuditedAction, recordAction } from "../../src/store/audit/audited_action.ts";
import { GroupCommit } from "../../src/store/group_commit.ts";
import { decode, encode } from "../../src/store/json.ts";
import { RecordStore } from "../../src/store/record_store.ts";
import { HandClock } from "./fixtures/hand_clock.ts";
import { tapped } from "./store_fixtures.ts";
import { recordKind } from "../../src/store/record_kinds.ts";
import * as z from "zod";

const AT = Date.parse("2026-11-30T22:00:00.000Z");
const KEY: Actor = { kind: "key", id: "key_1", name: "ci", tenant: "default" };
const DAY_MS = 86_400_000;

function draft(action: string, more: Partial<AuditDraft> = {}): AuditDraft {
  return { actor: KEY, ip: "127.0.0.1", action, outcome: "ok", details: {}, ...more };
}

async function opened(kv: KeyValue, clock = new HandClock(AT), node = "node_1") {
  const commits = new GroupCommit(kv);
  const log = await AuditLog.open({ kv, commits, clock, node });
  return { commits, log, clock };
}

async function entriesOf(log: AuditLog, node = "node_1"): Promise<AuditEntry[]> {
  return await Array.fromAsync(log.after(node, 0));
}

const set = (name: string) => ({ sets: [{ key: [name], value: encode(name) }] });

Deno.test("entries are numbered and linked in the order of their commits, also over a restart", async () => {
  const kv = new MemoryKeyValue();
  const first = await opened(kv);
  await Promise.all(
    Array.from({ length: 250 }, (_, i) => first.commits.commit(set(`a${i}`), [], draft(`a${i}`))),
  );
  const second = await opened(kv.reopened());
  await second.commits.commit(set("b"), [], draft("b"));
  const entries = await entriesOf(second.log);
  assert.deepEqual(entries.map(({ seq }) => seq), Array.from({ length: 251 }, (_, i) => i + 1));
  assert.deepEqual(
    entries.map(({ action }) => action).sort(),
    [
      ...Array.from({ length: 250 }, (_, i) => `a${i}`),
      "b",
    ].sort(),
  );
  const [report] = await second.log.verify();
  assert.deepEqual([report!.ok, report!.entries, report!.head.hash], [true, 251, entries.at(-1)!.hash]);
  const newest = await Array.fromAsync(second.log.before("node_1", 101));
  assert.deepEqual(newest.map(({ seq }) => seq), Array.from({ length: 100 }, (_, i) => 100 - i));
  assert.deepEqual((await Array.fromAsync(second.log.after("node_1", 249))).map(({ seq }) => seq), [
    250,
    251,
  ]);
});

Deno.test("whatever the store answers, each change has one entry, and the chain verifies", async () => {
  const answer = fc.constantFrom("ok", "lost", "late", "refused");
  await fc.assert(fc.asyncProperty(
    fc.array(answer, { maxLength: 12 }),
    fc.array(fc.tuple(fc.nat(5), fc.boolean()), { minLength: 1, maxLength: 20 }),
    async (answers, changes) => {
      const kv = tapped();
      const { commits, log } = await opened(kv);
      const failed = () => new ApiError("DATABASE_CONNECTION_ERROR", "The store does not answer");
      const next = () => answers.shift() ?? "ok";
      kv.before = async (commit) => {
        const how = next();
        if (how === "refused") throw failed();
        if (how === "lost") {
          await kv.memory.commit(commit);
          throw failed();
        }
        // It arrives after the commit that is sent next.
        if (how === "late") {
          queueMicrotask(() => setTimeout(() => void kv.memory.commit(commit)));
          throw failed();
        }
      };
      const isCreated = new Set<string>();
      const outcomes = await Promise.all(changes.map(async ([name, isNew], i) => {
        const checks = isNew ? [{ key: [`n${name}`], versionstamp: null }] : [];
        const commit = { ...set(`n${name}`), checks };
        try {
          const { ok } = await commits.commit(commit, [], draft(`change_${i}`));
          if (ok) isCreated.add(`change_${i}`);
          return ok;
        } catch {
          return undefined;
        }
      }));
      // What was late has arrived.
      await new Promise((resolve) => setTimeout(resolve));
      kv.before = () => undefined;
      assert.equal((await commits.commit(set("end"), [], draft("end"))).ok, true);
      const [report] = await log.verify();
      assert.equal(report!.ok, true, JSON.stringify(report));
      const actions = (await entriesOf(log)).map(({ action }) => action);
      assert.equal(new Set(actions).size, actions.length, "none is there twice");
      outcomes.forEach((ok, i) => {
        if (ok !== undefined) assert.equal(actions.includes(`change_${i}`), ok, `change_${i}`);
      });
    },
  ));
});

const KIND = recordKind("thing", z.object({}), z.object({ n: z.number() }));

Deno.test("the first commit for an action takes its entry; the server's own commits do not", async () => {
  const kv = tapped();
  const { commits, log, clock } = await opened(kv);
  const things = new RecordStore(KIND, kv, commits, clock, () => {});
  const action = new AuditedAction(commits, draft("start_thing"), (one) => one);
  const create = (id: string, by: Actor) =>
    things.update(() => ({ creates: [{ id, spec: {}, state: { n: 1 } }] }), by);
  await asAction(action, async () => {
    await create("x", SERVER);
    assert.equal(action.isStored, false);
    await create("y", KEY);
    assert.equal(action.isStored, true);
    await create("z", KEY);
    await recordAction();
  });
  const entries = await entriesOf(log);
  assert.deepEqual(entries.map(({ action, target }) => [action, target]), [["start_thing", "y"]]);
  const riding = kv.sent.find(({ sets }) => sets!.some(({ key }) => key[0] === "audit"))!;
  assert.ok(riding.sets!.some(({ key }) => key.includes("y")), "the change and its entry are one commit");
});

Deno.test("a store that does not take the entry takes no change either", async () => {
  const kv = tapped();
  const { commits, log, clock } = await opened(kv);
  const things = new RecordStore(KIND, kv, commits, clock, () => {});
  kv.before = (commit) => {
    if (!commit.sets?.some(({ key }) => key[0] === "audit")) return undefined;
    return Promise.reject(new ApiError("DISK_SPACE_EXCEEDED", "full"));
  };
  const action = new AuditedAction(commits, draft("start_thing"), (one) => one);
  const change = asAction(
    action,
    () => things.update(() => ({ creates: [{ id: "y", spec: {}, state: { n: 1 } }] }), KEY),
  );
  await assert.rejects(change, { code: "DISK_SPACE_EXCEEDED" });
  await assert.rejects(asAction(action, () => recordAction()), { code: "DISK_SPACE_EXCEEDED" });
  assert.equal(action.isStored, false);
  assert.deepEqual([things.get("y"), await entriesOf(log)], [undefined, []]);
  assert.equal((await Array.fromAsync(kv.list({ prefix: ["thing"] }))).length, 0);
  things.close();
});

Deno.test("what is too old or too much is removed from the oldest on, and the chain says so", async () => {
  const kv = new MemoryKeyValue();
  const { log, clock } = await opened(kv);
  for (let day = 0; day < 10; day++) {
    for (let i = 0; i < 5; i++) await log.add(draft(`day_${day}`));
    clock.pass(DAY_MS);
  }
  assert.equal(await log.prune({ retention_ms: 4.5 * DAY_MS, max_bytes: 1 << 30 }), 30);
  assert.equal(await log.prune({ retention_ms: 4.5 * DAY_MS, max_bytes: 1 << 30 }), 0);
  const [report] = await log.verify();
  assert.deepEqual([report!.ok, report!.first_seq, report!.entries], [true, 31, 21]);
  const bytes = (await Array.fromAsync(kv.list({ prefix: ["audit"] }))).reduce(
    (sum, { value }) => sum + value.length,
    0,
  );
  assert.equal(await log.prune({ retention_ms: 99 * DAY_MS, max_bytes: bytes }), 0);
  assert.ok(await log.prune({ retention_ms: 99 * DAY_MS, max_bytes: bytes - 1 }) > 0);
  const after = await log.verify();
  assert.deepEqual([after[0]!.ok, after[0]!.head.seq], [true, 52]);
  await log.add(draft("more"));
  const again = await opened(kv.reopened(), clock);
  const all = await entriesOf(again.log);
  assert.deepEqual(all.slice(-2).map(({ action }) => action), ["prune_audit_log", "more"]);
  assert.equal((await again.log.verify())[0]!.ok, true);
});

Deno.test("if all are removed, the entry that says so is linked to the last of them", async () => {
  const { log, clock } = await opened(new MemoryKeyValue());
  for (let i = 0; i < 3; i++) await log.add(draft("old"));
  clock.pass(400 * DAY_MS);
  assert.equal(await log.prune({ retention_ms: DAY_MS, max_bytes: 1 << 30 }), 3);
  assert.deepEqual((await entriesOf(log)).map(({ seq }) => seq), [4]);
  assert.equal((await log.verify())[0]!.ok, true);
});

Deno.test("whatever is done to the stored values is found", async () => {
  const filled = async () => {
    const kv = new MemoryKeyValue();
    const { log, clock } = await opened(kv);
    for (let i = 0; i < 6; i++) await log.add(draft(`action_${i}`));
    clock.pass(DAY_MS);
    await log.prune({ retention_ms: 0, max_bytes: 1 << 30 });
    for (let i = 6; i < 9; i++) await log.add(draft(`action_${i}`));
    return { kv, log };
  };
  const { kv, log } = await filled();
  assert.equal((await log.verify())[0]!.ok, true);
  const all = await Array.fromAsync(kv.list({ prefix: ["audit"] }));
  const [head] = await Array.fromAsync(kv.list({ prefix: ["audit_head"] }));
  const [anchor] = await Array.fromAsync(kv.list({ prefix: ["audit_anchor"] }));
  assert.equal(all.length, 4);
  for (const { key, value } of [...all, head!]) {
    await kv.commit({ deletes: [key] });
    assert.equal((await log.verify())[0]?.ok, false, `without ${key}`);
    await kv.commit({ sets: [{ key, value }] });
  }
  const beyond = encode({ ...decode(anchor!.value) as object, seq: 7 });
  await kv.commit({ sets: [{ key: anchor!.key, value: beyond }] });
  assert.equal((await log.verify())[0]!.ok, false, "with another anchor");
  await kv.commit({ sets: [anchor!] });
  for (const [i, { key, value }] of all.entries()) {
    const text = new TextDecoder().decode(value);
    for (const changed of [text.replace(/action_|prune_/, "nothing_"), "{", "", "null", `${text}\n${text}`]) {
      await kv.commit({ sets: [{ key, value: new TextEncoder().encode(changed) }] });
      assert.equal((await log.verify())[0]!.ok, false, `${key}: ${changed}`);
    }
    const other: Entry = all[(i + 1) % all.length]!;
    await kv.commit({ sets: [{ key, value: other.value }, { key: other.key, value }] });
    assert.equal((await log.verify())[0]!.ok, false, `${key} and ${other.key} swapped`);
    await kv.commit({ sets: [{ key, value }, other] });
  }
  assert.equal((await log.verify())[0]!.ok, true);
});

Deno.test("each node has a chain of its own", async () => {
  const kv = new MemoryKeyValue();
  const [a, b] = [await opened(kv, undefined, "a"), await opened(kv, undefined, "b")];
  await Promise.all([a.log.add(draft("one")), b.log.add(draft("two")), a.log.add(draft("three"))]);
  assert.deepEqual((await a.log.verify()).map(({ node, ok, entries }) => [node, ok, entries]), [
    ["a", true, 2],
    ["b", true, 1],
  ]);
  assert.deepEqual((await entriesOf(b.log, "a")).map(({ action }) => action), ["one", "three"]);
});

Deno.test("an actor may ask with a change that is as large as a commit can be, but not larger with its entry", async () => {
  const { commits, log } = await opened(new MemoryKeyValue());
  const large = { sets: Array.from({ length: 13 }, (_, i) => ({ key: [i], value: new Uint8Array(60_000) })) };
  assert.equal((await commits.commit(large, [], draft("large"))).ok, true);
  const details = { text: "x".repeat(59_000) };
  assert.throws(() => commits.commit(large, [], draft("larger", { details })), {
    code: "INVALID_FIELD_VALUE",
  });
  assert.deepEqual((await entriesOf(log)).map(({ action }) => action), ["large"]);
  assert.equal((await log.verify())[0]!.ok, true);
});

Deno.test("the owner's entries name the owner", async () => {
  const { log } = await opened(new MemoryKeyValue());
  await log.add(draft("x", { actor: OWNER, ip: undefined }));
  const [entry] = await entriesOf(log);
  assert.deepEqual(entry, {
    node: "node_1",
    time: "2026-11-30T22:00:00.000Z",
    actor: { kind: "owner", tenant: "default" },
    action: "x",
    outcome: "ok",
    details: {},
    seq: 1,
    prev_hash: "0".repeat(64),
    hash: entry!.hash,
  });
});

Deno.test("servers that share a remote store each keep their chain, whatever the number of checks that it takes", async () => {
  const kv = wideCommits(new MemoryKeyValue(REMOTE_CHECKS_MAX), {
    checks_max: REMOTE_CHECKS_MAX,
    bell: BELL,
  });
  const clock = new HandClock(AT);
  const nodeOf = async (node: string) => {
    const sharing = { node, lease_ms: 3_600_000, poll_ms: 1000, beforeJoin: () => Promise.resolve() };
    const store = await loadStore(kv, clock, { sharing });
    return { store, log: await store.openAudit() };
  };
  const [a, b] = [await nodeOf("a"), await nodeOf("b")];
  const spec = { name: "k", digest: "d", permissions: ["read" as const], created_ms: AT };
  await Promise.all([a, b].flatMap(({ store, log }) =>
    Array.from({ length: 40 }, (_, i) => {
      const id = `${log.node}_${i}`;
      const create = () => store.keys.update(() => ({ creates: [{ id, spec, state: {} }] }), KEY);
      return asAction(new AuditedAction(log.commits, draft("create_key"), (one) => one), create);
    })
  ));
  const reports = await a.log.verify();
  assert.deepEqual(reports.map(({ node, ok, entries }) => [node, ok, entries]), [["a", true, 40], [
    "b",
    true,
    40,
  ]]);
  const targets = (await entriesOf(b.log, "a")).map(({ target }) => target).sort();
  assert.deepEqual(targets, Array.from({ length: 40 }, (_, i) => `a_${i}`).sort());
  await Promise.all([a.store.close(), b.store.close()]);
});
