import assert from "node:assert/strict";
import { epochOf, isoTime, longTimers, type ShortTimers } from "../../src/clock/clock.ts";

const DAY_MS = 86_400_000;

/** The platform's timers with its limit of 31 bits, on a clock that the test moves. */
function platform() {
  let now = 0;
  let last_id = 0;
  const timers = new Map<number, { at: number; period_ms?: number; action: () => void }>();
  const bits = (delay_ms: number) => Math.max(1, delay_ms > 2 ** 31 - 1 ? 1 : delay_ms);
  const short: ShortTimers<number> = {
    setTimeout(action, delay_ms) {
      timers.set(++last_id, { at: now + bits(delay_ms), action });
      return last_id;
    },
    setInterval(action, period_ms) {
      timers.set(++last_id, { at: now + bits(period_ms), period_ms: bits(period_ms), action });
      return last_id;
    },
    clearTimeout: (id) => void timers.delete(id),
    clearInterval: (id) => void timers.delete(id),
  };
  const move = (ms: number) => {
    const end = now + ms;
    while (true) {
      const [next] = [...timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at);
      if (!next) break;
      const [id, { at, period_ms, action }] = next;
      now = at;
      if (period_ms === undefined) timers.delete(id);
      else timers.set(id, { at: at + period_ms, period_ms, action });
      action();
    }
    now = end;
  };
  return { short, move, time: () => now, waiting: () => timers.size };
}

for (const days of [1, 24, 25, 50, 366]) {
  Deno.test(`a timer of ${days} days fires once, then; one that repeats, each time`, () => {
    const { short, move, time, waiting } = platform();
    const { after, every } = longTimers(short);
    const once: number[] = [];
    const repeated: number[] = [];
    after(days * DAY_MS, () => once.push(time()));
    const repeating = every(days * DAY_MS, () => repeated.push(time()));
    move(days * DAY_MS - 1);
    assert.deepEqual([once, repeated], [[], []]);
    move(2 * days * DAY_MS + 1);
    assert.deepEqual(once, [days * DAY_MS]);
    assert.deepEqual(repeated, [1, 2, 3].map((times) => times * days * DAY_MS));
    repeating.cancel();
    assert.equal(waiting(), 0);
  });
}

Deno.test("a long timer can be cancelled at any time, also from its own action", () => {
  const { short, move, waiting } = platform();
  const { after, every } = longTimers(short);
  let fired = 0;
  const once = after(100 * DAY_MS, () => fired++);
  move(60 * DAY_MS);
  once.cancel();
  const repeating = every(30 * DAY_MS, () => {
    fired++;
    repeating.cancel();
  });
  move(300 * DAY_MS);
  assert.equal(fired, 1);
  assert.equal(waiting(), 0);
});

Deno.test("a moment beyond the year 9999 is still a timestamp", () => {
  assert.equal(isoTime(Number.MAX_SAFE_INTEGER), "9999-12-31T23:59:59.999Z");
  assert.ok(Number.isFinite(epochOf(isoTime(1e300))));
});
