/** Holds of agents: how long each is, and what ends it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isoTime } from "../../src/clock/clock.ts";
import {
  afterGoodTurn,
  concerns,
  heldAfter,
  type Hold,
  isHeld,
  opened,
  released,
} from "../../src/domain/hold.ts";
import { isPatient, nextLook, nextWait, type Patience } from "../../src/domain/retrying.ts";

const NOW = Date.parse("2026-11-30T22:00:00Z");
const MINUTE_MS = 60_000;
const AGENT = { agent: "one" };

const minutesOf = ({ until }: Hold, now: number) => (Date.parse(until) - now) / MINUTE_MS;

/** The lengths in minutes of so many holds that follow one another, each open before the next refusal. */
function lengths(count: number, chance: number, until?: (now: number) => string): number[] {
  const found: number[] = [];
  let hold: Hold | undefined;
  let now = NOW;
  for (let i = 0; i < count; i++) {
    hold = opened(heldAfter(hold, AGENT, { reason: "Limit", until: until?.(now) }, now, chance));
    found.push(minutesOf(hold, now));
    now = Date.parse(hold.until) + 1000;
  }
  return found;
}

Deno.test("without a reset that is told, holds last 1, 2, 4 … 60 minutes, by chance a quarter more", () => {
  assert.deepEqual(lengths(8, 0), [1, 2, 4, 8, 16, 32, 60, 60]);
  assert.deepEqual(lengths(3, 1), [1.25, 2.5, 5]);
});

Deno.test("a reset that is told is believed once, with up to a minute more; refused again, the steps count", () => {
  const inAnHour = (now: number) => isoTime(now + 60 * MINUTE_MS);
  assert.deepEqual(lengths(4, 0, inAnHour), [60, 1, 2, 4]);
  assert.equal(lengths(1, 1, inAnHour)[0], 61);
});

Deno.test("a reset is never believed to be sooner than in 30 seconds, nor what is no time", () => {
  assert.equal(lengths(1, 0, (now) => isoTime(now - MINUTE_MS))[0], 0.5);
  assert.equal(lengths(1, 0, () => "tomorrow")[0], 1);
  assert.ok(lengths(1, 0, () => "9999-01-01T00:00:00.000Z")[0]! <= 32 * 24 * 60);
});

Deno.test("refusals within a hold count once, but a reset that is told replaces a guess", () => {
  const first = heldAfter(undefined, AGENT, { reason: "Limit" }, NOW, 0);
  assert.deepEqual(heldAfter(first, AGENT, { reason: "Limit" }, NOW + 1000, 1), first);
  const told = heldAfter(
    first,
    AGENT,
    { reason: "Resets at 3", until: isoTime(NOW + 5 * MINUTE_MS) },
    NOW,
    0,
  );
  assert.deepEqual([told.began_at, minutesOf(told, NOW), told.reason], [first.began_at, 5, "Resets at 3"]);
  const later = isoTime(NOW + 50 * MINUTE_MS);
  assert.deepEqual(heldAfter(told, AGENT, { reason: "Limit", until: later }, NOW, 0), told);
});

Deno.test("a good turn resets the steps, unless it may be older than the hold", () => {
  const hold = heldAfter(undefined, AGENT, { reason: "Limit" }, NOW, 0);
  assert.equal(afterGoodTurn(hold, NOW), hold);
  assert.equal(afterGoodTurn(hold, NOW + MINUTE_MS), undefined);
  assert.equal(afterGoodTurn(opened(hold), NOW), undefined);
});

Deno.test("a released agent is held no longer, and what it is told next is believed", () => {
  const until = isoTime(NOW + 60 * MINUTE_MS);
  const hold = released(heldAfter(undefined, AGENT, { reason: "Limit", until }, NOW, 0), NOW);
  assert.equal(isHeld(hold, NOW), false);
  assert.equal(minutesOf(heldAfter(hold, AGENT, { reason: "Limit", until }, NOW, 0), NOW), 60);
});

Deno.test("a hold of a model concerns those who use it, and those who name none if the refused one named none", () => {
  const named = { agent: "one", model: "big" };
  const cases: [typeof named & { unnamed?: boolean }, string | undefined, boolean][] = [
    [named, "big", true],
    [named, "small", false],
    [named, undefined, false],
    [{ ...named, unnamed: true }, undefined, true],
  ];
  for (const [hold, model, expected] of cases) assert.equal(concerns(hold, "one", model), expected);
  assert.deepEqual([concerns({ agent: "one" }, "one", "big"), concerns({ agent: "one" }, "two", "big")], [
    true,
    false,
  ]);
});

Deno.test("a busy provider is asked again after 15 s, doubling to 10 minutes, and for an hour altogether", () => {
  const waits: number[] = [];
  let patience: Patience | undefined;
  while ((patience?.waited_ms ?? 0) < 3_600_000) {
    const next = nextWait(patience, 0);
    waits.push(next.wait_ms / 1000);
    patience = next.patience;
  }
  assert.deepEqual(waits.slice(0, 8), [15, 30, 60, 120, 240, 480, 600, 600]);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 30 }), (chances) => {
      let waited: Patience | undefined;
      for (const chance of chances) {
        if ((waited?.waited_ms ?? 0) >= 3_600_000) break;
        const { wait_ms, patience: next } = nextWait(waited, chance);
        assert.ok(wait_ms > 0 && wait_ms <= 750_000);
        waited = next;
      }
      assert.equal(waited?.waited_ms, 3_600_000);
    }),
  );
  assert.equal(nextWait(undefined, 0, 120_000).wait_ms, 120_000);
  assert.equal(nextWait(undefined, 0, 86_400_000).wait_ms, 600_000);
});

Deno.test("a full disk is looked at again after 15 s, doubling to 10 minutes, without an end", () => {
  let patience: Patience | undefined;
  const waits = Array.from({ length: 200 }, () => {
    const next = nextLook(patience, 0);
    patience = next.patience;
    return next.wait_ms / 1000;
  });
  assert.deepEqual(waits.slice(0, 7), [15, 30, 60, 120, 240, 480, 600]);
  assert.deepEqual(new Set(waits.slice(6)), new Set([600]));
  assert.equal(isPatient(patience), true);
});
