/** The chain of the audit log: what verifies, and that whatever is done to it is found. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { OWNER } from "../../src/domain/actor.ts";
import { BEGINNING, ChainCheck, hashOf, linked } from "../../src/domain/audit/audit_chain.ts";
import { type AuditDraft, type AuditEntry, PRUNED } from "../../src/domain/audit/audit_entry.ts";
import { recomputed } from "../fixtures/recomputed_chain.ts";

const text = fc.string({ unit: "binary", maxLength: 20 }).filter((one) => one.isWellFormed());
const detail = fc.oneof(text, fc.boolean(), fc.maxSafeInteger(), fc.array(text, { maxLength: 3 }));
const draft: fc.Arbitrary<AuditDraft> = fc.record({
  actor: fc.constantFrom(OWNER, { kind: "key" as const, id: "key_1", name: "ci", tenant: "default" }),
  ip: fc.option(fc.constant("127.0.0.1"), { nil: undefined }),
  action: fc.constantFrom("start_task", "cancel_task"),
  target: fc.option(text, { nil: undefined }),
  outcome: fc.constantFrom("ok" as const, "denied" as const, "failed" as const),
  details: fc.dictionary(text, detail, { maxKeys: 4 }),
});

/** As they are read again. */
function chainOf(drafts: readonly AuditDraft[]): AuditEntry[] {
  let head: { seq: number; hash: string } = BEGINNING;
  const time = "2026-12-01T00:00:00.000Z";
  return drafts.map((one) => {
    const entry = linked(head, { node: "node_1", time, ...one });
    head = entry;
    return JSON.parse(JSON.stringify(entry));
  });
}

function verdictOf(entries: readonly unknown[], last?: AuditEntry) {
  const check = new ChainCheck();
  for (const entry of entries) check.add(entry);
  return check.verdict(last);
}

Deno.test("the hash is SHA-256 of the hash before, as text, and of the entry's canonical JSON", () => {
  const entry = { node: "n", seq: 1, details: { b: "€", a: 1e21, "\ufb33": 1, "\u{1f600}": 2 }, action: "x" };
  const canonical =
    '{"action":"x","details":{"a":1e+21,"b":"€","\u{1f600}":2,"\ufb33":1},"node":"n","seq":1}';
  const bytes = new TextEncoder().encode("0".repeat(64) + canonical);
  return crypto.subtle.digest("SHA-256", bytes).then((digest) => {
    const hash = new Uint8Array(digest).toHex();
    assert.equal(hashOf(BEGINNING.hash, { ...entry, hash: "?", prev_hash: "?" }), hash);
  });
});

Deno.test("any chain verifies, and has the same last hash for a program that shares no code", async () => {
  const lines: string[] = [];
  const heads = new Map<string, string>();
  fc.assert(fc.property(fc.array(draft, { minLength: 1, maxLength: 8 }), (drafts) => {
    const entries = chainOf(drafts);
    assert.deepEqual(verdictOf(entries, entries.at(-1)), {
      ok: true,
      entries: entries.length,
      first_seq: 1,
      head: { seq: entries.length, hash: entries.at(-1)!.hash },
    });
    // Each in the name of a node of its own, which is part of what is hashed.
    const node = `node_${heads.size + 1}`;
    let head: { seq: number; hash: string } = BEGINNING;
    for (const { seq: _seq, prev_hash: _prev, hash: _hash, ...said } of entries) {
      const entry = linked(head, { ...said, node });
      head = entry;
      lines.push(JSON.stringify(entry));
    }
    heads.set(node, head.hash);
  }));
  const found = await recomputed(lines.join("\n"));
  for (const [node, head] of heads) assert.deepEqual([found[node]?.bad, found[node]?.head], [null, head]);
});

type Tamper = (entries: AuditEntry[], at: number, other: AuditEntry) => unknown[];
const TAMPERED: Record<string, Tamper> = {
  changed: (entries, at) => entries.with(at, { ...entries[at]!, outcome: "ok", action: "nothing" }),
  "changed and hashed again": (entries, at) => {
    const changed = { ...entries[at]!, action: "nothing" };
    return entries.with(at, { ...changed, hash: hashOf(changed.prev_hash, changed) });
  },
  "with a field more": (entries, at) => entries.with(at, { ...entries[at]!, extra: 1 } as AuditEntry),
  removed: (entries, at) => entries.toSpliced(at, 1),
  doubled: (entries, at) => entries.toSpliced(at, 0, entries[at]!),
  reordered: (entries, at) => {
    const next = (at + 1) % entries.length;
    return entries.with(at, entries[next]!).with(next, entries[at]!);
  },
  forged: (entries, at, other) => entries.toSpliced(at, 0, { ...other, seq: entries[at]!.seq }),
  "cut at the end": (entries, at) => entries.slice(0, at),
  "cut at the beginning": (entries, at) => entries.slice(at + 1),
  "made longer": (entries) => {
    const last = entries.at(-1)!;
    const { prev_hash: _prev, hash: _hash, ...said } = last;
    return [...entries, linked(last, said)];
  },
  "no JSON": (entries, at) => (entries as unknown[]).with(at, undefined),
  "half a surrogate pair": (entries, at) => entries.with(at, { ...entries[at]!, target: "\ud800" }),
};

for (const [how, tamper] of Object.entries(TAMPERED)) {
  Deno.test(`a chain that was tampered with is found: ${how}`, () => {
    const some = fc.array(draft, { minLength: 2, maxLength: 8 });
    fc.assert(fc.property(some, fc.nat(), draft, (drafts, place, forged) => {
      const entries = chainOf(drafts);
      const at = place % entries.length;
      const tampered = tamper(entries, at, chainOf([forged])[0]!);
      const { ok, first_bad_seq } = verdictOf(tampered, entries.at(-1));
      assert.equal(ok, false, JSON.stringify(tampered));
      assert.ok(first_bad_seq! >= 1 && first_bad_seq! <= entries.length + 1);
      if (["changed", "removed", "no JSON", "cut at the end", "with a field more"].includes(how)) {
        assert.equal(first_bad_seq, at + 1);
      }
    }));
  });
}

Deno.test("a chain without its beginning verifies only if it says itself what was removed", () => {
  const plain = { actor: OWNER, action: "start_task", outcome: "ok" as const, details: {} };
  const first = chainOf([plain, plain, plain]);
  const pruned = (through_seq: number, through_hash: string) => ({
    ...plain,
    action: PRUNED,
    details: { through_seq, through_hash },
  });
  const all = chainOf([plain, plain, plain, pruned(2, first[1]!.hash), plain]);
  assert.equal(verdictOf(all.slice(2), all.at(-1)).ok, true);
  assert.deepEqual(verdictOf(all.slice(3), all.at(-1)).first_bad_seq, 3);
  assert.equal(verdictOf(all.slice(1), all.at(-1)).ok, false);
  const wrong = chainOf([plain, plain, plain, pruned(2, first[0]!.hash), plain]);
  assert.equal(verdictOf(wrong.slice(2)).ok, false);
});

Deno.test("nothing is an empty chain, and what should not be empty is found", () => {
  assert.deepEqual(verdictOf([]), { ok: true, entries: 0, head: BEGINNING });
  assert.equal(
    verdictOf([], chainOf([{ actor: OWNER, action: "x", outcome: "ok", details: {} }])[0]).ok,
    false,
  );
});
