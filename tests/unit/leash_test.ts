/** How long agents may go on while other servers may take their tasks over. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Leash } from "../../src/agents/supervision/leash.ts";
import { HandClock } from "./fixtures/hand_clock.ts";

function leashed() {
  const clock = new HandClock();
  const ended: number[] = [];
  const leash = new Leash(clock, () => ended.push(clock.monotonic()));
  return { clock, ended, leash };
}

Deno.test("a leash ends when its time is over, once, and newcomers after that are ended too", () => {
  const { clock, ended, leash } = leashed();
  leash.noteNewcomer();
  leash.extend(10_000);
  clock.pass(9_000);
  leash.extend(10_000);
  clock.pass(9_900);
  assert.deepEqual(ended, []);
  leash.noteNewcomer();
  assert.deepEqual(ended, []);
  clock.pass(20_000);
  assert.deepEqual(ended, [19_000]);
  leash.noteNewcomer();
  assert.equal(ended.length, 2);
  leash.extend(1_000);
  leash.noteNewcomer();
  assert.equal(ended.length, 2);
  leash.close();
  assert.equal(clock.timers, 0);
});

Deno.test("a machine that slept has 3 s to have its lease confirmed", () => {
  for (const confirmed of [false, true]) {
    const { clock, ended, leash } = leashed();
    leash.extend(60_000);
    clock.pass(1_000);
    clock.wall_ahead_ms += 3_600_000;
    clock.pass(2_000);
    if (confirmed) leash.extend(60_000);
    clock.pass(3_000);
    assert.equal(ended.length, confirmed ? 0 : 1);
    assert.ok(ended.every((at_ms) => at_ms <= 1_000 + 5_000));
    leash.close();
  }
});

Deno.test("no leash outlasts its last extension, whatever the wall clock does", () =>
  fc.assert(fc.property(
    fc.array(
      fc.record({
        extend: fc.option(fc.nat(5_000)),
        pass: fc.nat(3_000),
        jump: fc.integer({ min: -9_000, max: 9_000 }),
      }),
    ),
    (steps) => {
      const { clock, ended, leash } = leashed();
      let until_ms = Infinity;
      for (const { extend, pass, jump } of steps) {
        if (extend !== null) {
          leash.extend(extend);
          until_ms = clock.monotonic() + extend;
          ended.length = 0;
        }
        clock.wall_ahead_ms += jump;
        clock.pass(pass);
        // It looks five times a second.
        if (clock.monotonic() >= until_ms + 200) assert.ok(ended.length > 0);
      }
      leash.close();
    },
  )));
