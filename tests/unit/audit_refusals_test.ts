/** Refusals in the audit log: none is lost, and however many there are, the log hardly grows. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { AuditRetention } from "../../src/access/audit_retention.ts";
import { RefusalSums } from "../../src/access/refusal_sums.ts";
import { type Actor, ANONYMOUS } from "../../src/domain/actor.ts";
import type { AuditDraft } from "../../src/domain/audit/audit_entry.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

const MINUTE_MS = 60_000;
const KEY: Actor = { kind: "key", id: "key_1", name: "ci", tenant: "default" };

function sums() {
  const clock = new HandClock();
  const entries: AuditDraft[] = [];
  return { clock, entries, sums: new RefusalSums(clock, (entry) => entries.push(entry)) };
}

const countOf = ({ details }: AuditDraft) => details.count === undefined ? 1 : Number(details.count);

Deno.test("every refusal counts once, whoever is refused what and when", () => {
  const refusal = fc.record({
    actor: fc.constantFrom(KEY, ANONYMOUS),
    ip: fc.constantFrom("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2"),
    action: fc.integer({ min: 0, max: 20 }).map((n) => `action_${n}`),
    code: fc.constantFrom("PERMISSION_DENIED" as const, "RATE_LIMIT_EXCEEDED" as const),
    pause_ms: fc.constantFrom(0, 0, 0, 0, 20_000, MINUTE_MS),
    flushes: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(refusal, { maxLength: 200 }), (refusals) => {
    const { clock, entries, sums: all } = sums();
    for (const { pause_ms, flushes, ...one } of refusals) {
      all.note(one);
      if (flushes) all.flush();
      clock.pass(pause_ms);
    }
    all.close();
    assert.equal(entries.reduce((sum, entry) => sum + countOf(entry), 0), refusals.length);
    assert.ok(entries.every(({ outcome }) => outcome === "denied"));
    assert.equal(clock.timers, 0);
  }));
});

Deno.test("a client has at most eleven entries a minute, and a network of IPv6 is one client", () => {
  const { clock, entries, sums: all } = sums();
  for (let i = 0; i < 5000; i++) {
    const ip = `2001:db8:0:0::${(i % 500).toString(16)}`;
    all.note({ actor: ANONYMOUS, ip, action: `action_${i % 50}`, code: "AUTHENTICATION_REQUIRED" });
  }
  assert.equal(entries.length, 10);
  clock.pass(MINUTE_MS);
  assert.equal(entries.length, 11);
  assert.equal(entries[10]!.details.count, 4990);
  all.note({ actor: ANONYMOUS, ip: "2001:db8::1", action: "action_1", code: "AUTHENTICATION_REQUIRED" });
  assert.equal(entries.length, 12, "the next minute begins anew");
  all.close();
  assert.equal(entries.length, 12);
});

Deno.test("a flood from ever new addresses is summed up", () => {
  const { entries, sums: all } = sums();
  for (let i = 0; i < 20_000; i++) {
    all.note({ actor: ANONYMOUS, ip: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, action: "connect" });
  }
  all.close();
  assert.equal(entries.length, 1001);
  assert.equal(entries.reduce((sum, entry) => sum + countOf(entry), 0), 20_000);
});

Deno.test("what is too old is removed at the start and once a day, what is too much each minute; a failure is no end", async () => {
  const clock = new HandClock();
  const pruned: number[] = [];
  let isBroken = false;
  const log = {
    prune({ retention_ms }: { retention_ms: number }) {
      pruned.push(retention_ms);
      return isBroken ? Promise.reject(new Error("no store")) : Promise.resolve(0);
    },
  };
  const retention = new AuditRetention(log, clock, { retention_ms: 7, max_bytes: 1 });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const minute = async () => {
    clock.pass(MINUTE_MS);
    await settled();
  };
  retention.start();
  await settled();
  await minute();
  assert.deepEqual(pruned, [7, Infinity]);
  clock.pass(86_400_000 - 2 * MINUTE_MS);
  await settled();
  pruned.length = 0;
  isBroken = true;
  await minute();
  isBroken = false;
  await minute();
  await minute();
  assert.deepEqual(pruned, [7, 7, Infinity]);
  await retention.stop();
  assert.equal(clock.timers, 0);
});
