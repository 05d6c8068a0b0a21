/** How silence is noticed: warned of, ended at the limit, not counted while it is on hold. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Silence } from "../../src/engine/silence.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

function listening(warning_ms: number, limit_ms: number) {
  const clock = new HandClock();
  const heard: string[] = [];
  const silence = new Silence({
    clock,
    warning_ms,
    limit_ms,
    onWarning: (silent) => heard.push(`${silent ? "silent" : "speaks"} at ${clock.now()}`),
    onLimit: () => heard.push(`limit at ${clock.now()}`),
  });
  silence.run();
  return { clock, silence, heard };
}

Deno.test("silence: a warning, a sign of life, a warning again, and the limit", () => {
  const { clock, silence, heard } = listening(100, 300);
  clock.pass(120);
  assert.equal(silence.isLong, true);
  silence.heard();
  assert.equal(silence.isLong, false);
  clock.pass(1000);
  assert.deepEqual(heard, ["silent at 100", "speaks at 120", "silent at 220", "limit at 420"]);
  assert.equal(silence.passed, true);
  assert.equal(clock.timers, 0);
});

Deno.test("silence: what is on hold need not speak, and has all its time afterwards", () => {
  const { clock, silence, heard } = listening(100, 300);
  clock.pass(99);
  silence.hold();
  assert.equal(clock.timers, 0);
  clock.pass(10_000);
  silence.heard();
  silence.run();
  clock.pass(99);
  assert.deepEqual(heard, []);
  clock.pass(1);
  assert.deepEqual(heard, ["silent at 10199"]);
});

Deno.test("silence: 0 switches the warning or the limit off", () => {
  const unwarned = listening(0, 300);
  unwarned.clock.pass(1000);
  assert.deepEqual(unwarned.heard, ["limit at 300"]);
  const unlimited = listening(100, 0);
  unlimited.clock.pass(1000);
  unlimited.silence.heard();
  unlimited.clock.pass(1000);
  assert.deepEqual(unlimited.heard, ["silent at 100", "speaks at 1000", "silent at 1100"]);
  const off = listening(0, 0);
  assert.equal(off.clock.timers, 0);
});

Deno.test("silence: the limit is reached exactly when no gap between two signs of life was shorter", () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 20 });
  fc.assert(fc.property(gaps, (waits) => {
    const { clock, silence, heard } = listening(100, 300);
    for (const wait of waits) {
      clock.pass(wait);
      silence.heard();
    }
    const tooLong = waits.some((wait) => wait >= 300);
    assert.equal(silence.passed, tooLong);
    assert.equal(heard.filter((line) => line.startsWith("limit")).length, tooLong ? 1 : 0);
  }));
});
