/** The clocks of an attempt: how silence is noticed, and that time on hold counts for nothing. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { AttemptRules } from "../../src/domain/attempt/state.ts";
import type { AttemptEvent } from "../../src/domain/attempt/events.ts";
import { runtimeStatus } from "../../src/domain/attempt/state.ts";
import {
  ANSWERED,
  ASIDE,
  ASKED,
  AttemptWorld,
  CLAIMED,
  lineOf,
  PREPARED,
  QUESTION,
  QUESTION_OVER,
  report,
  SPAWNED,
  SPOKE,
  STARTED,
  TO_WORK,
} from "./fixtures/attempt_world.ts";

/** An agent at work for whom a long time is allowed, and what is said of its silence. */
function listening(rules: Partial<AttemptRules>) {
  const world = new AttemptWorld({ timeout_ms: 1_000_000, ...rules }, ...TO_WORK);
  const { clock } = world;
  const heard: string[] = [];
  const pass = (ms: number) => {
    const end_ms = clock.now() + ms;
    while (clock.now() < end_ms) {
      const before = world.effects.length;
      clock.pass(1);
      note(before);
    }
  };
  const note = (before: number) => {
    for (const effect of world.effects.slice(before)) {
      if (effect.kind === "stop_agent") heard.push(`limit at ${clock.now()}`);
      if (effect.kind !== "append" || effect.source !== "engine") continue;
      if (effect.message === "The agent gives no sign of life") heard.push(`silent at ${clock.now()}`);
      if (effect.message === "The agent gives signs of life again") heard.push(`speaks at ${clock.now()}`);
    }
  };
  const take = (event: Parameters<AttemptWorld["take"]>[0]) => {
    const before = world.effects.length;
    world.take(event);
    note(before);
  };
  return { world, heard, pass, take };
}

const SILENCE = { unresponsive_after_ms: 100, unresponsive_limit_ms: 300 };

Deno.test("silence: a warning, a sign of life, a warning again, and the limit", () => {
  const { world, heard, pass, take } = listening(SILENCE);
  pass(120);
  assert.equal(runtimeStatus(world.state), "unresponsive");
  take(SPOKE);
  assert.equal(runtimeStatus(world.state), "running");
  pass(1000);
  assert.deepEqual(heard, ["silent at 100", "speaks at 120", "silent at 220", "limit at 420"]);
  assert.equal(world.state.stop, "silence");
  assert.deepEqual(world.timers, []);
});

Deno.test("silence: an agent that does nothing in its earlier session loses it, not one that has worked in it", () => {
  const stopped: AttemptEvent = { kind: "agent_ended", outcome: { status: "stopped", output: "" } };
  const loaded: AttemptEvent = {
    kind: "reported",
    report: { kind: "session", session_id: "s", resumable: true, resumed: true },
  };
  const works: AttemptEvent = { kind: "reported", report: { kind: "at_work" } };
  for (
    const [hasEarlierSession, events, loses] of [
      [true, [], true],
      [true, [loaded], true],
      [true, [loaded, works], undefined],
      [false, [loaded], undefined],
    ] as const
  ) {
    const world = new AttemptWorld(
      SILENCE,
      { ...CLAIMED, hasEarlierSession },
      PREPARED,
      SPAWNED,
      STARTED,
      ...events,
    );
    world.clock.pass(1000);
    const ends: unknown[] = [];
    for (const effect of world.take(stopped)) {
      if (effect.kind === "commit_end") {
        ends.push([effect.result.end.outcome, effect.result.end.losesSession]);
      }
    }
    assert.deepEqual(ends, [["unresponsive", loses]]);
  }
});

Deno.test("silence: to tell that the agent is silent is no sign of its life", () => {
  const { heard, pass, take } = listening(SILENCE);
  for (let i = 0; i < 8; i++) {
    pass(50);
    take({ kind: "reported", report: { kind: "silent", current_step: "No sign of life", isLong: false } });
  }
  assert.deepEqual(heard.slice(0, 2), ["silent at 100", "limit at 300"]);
});

Deno.test("silence: output that is no report is a sign of life, and changes nothing else", () => {
  const { world, heard, pass, take } = listening(SILENCE);
  const before = world.effects.length;
  for (let i = 0; i < 20; i++) {
    pass(90);
    take({ kind: "reported", report: { kind: "sign" } });
  }
  assert.deepEqual(heard, []);
  const effects = world.effects.slice(before).map(({ kind }) => kind);
  assert.deepEqual(effects.filter((kind) => kind !== "set_timer"), []);
});

Deno.test("silence: a paused agent need not speak, and has its full time afterward", () => {
  const { world, heard, pass, take } = listening(SILENCE);
  pass(99);
  take({ kind: "pause" });
  assert.deepEqual(world.timers, []);
  pass(10_000);
  take(SPOKE);
  take({ kind: "resume" });
  // It may still be stopped until the signal has arrived.
  pass(1000);
  take({ kind: "signalled", signal: "resume" });
  pass(99);
  assert.deepEqual(heard, []);
  pass(1);
  assert.deepEqual(heard, ["silent at 11199"]);
});

for (
  const [what, asked, answered] of [["permission", ASKED, ANSWERED], [
    "an answer",
    QUESTION,
    QUESTION_OVER,
  ]] as const
) {
  Deno.test(`silence: an agent that waits for ${what} need not speak`, () => {
    const { world, heard, pass, take } = listening(SILENCE);
    pass(50);
    take(asked);
    assert.deepEqual(world.timers, []);
    pass(10_000);
    take(answered);
    pass(99);
    assert.deepEqual(heard, []);
    pass(1);
    assert.deepEqual(heard, ["silent at 10150"]);
  });

  Deno.test(`deadline: stands still while the agent waits for ${what}`, () => {
    const { world, pass, take } = listening({
      timeout_ms: 1000,
      unresponsive_after_ms: 0,
      unresponsive_limit_ms: 0,
    });
    pass(400);
    take(asked);
    pass(10_000);
    take(answered);
    pass(599);
    assert.equal(world.state.stop, undefined);
    pass(1);
    assert.equal(world.state.stop, "timeout");
  });
}

Deno.test("timers: both go on while a question is open for which the agent does not wait", () => {
  const { world, pass, take } = listening(SILENCE);
  pass(50);
  take(ASIDE);
  assert.equal(runtimeStatus(world.state), "running");
  assert.deepEqual([...world.timers].sort(), ["deadline", "silence"]);
});

Deno.test("question: it is published once, shown in the status, and its end is published once", () => {
  const world = new AttemptWorld({}, ...TO_WORK);
  const lines = (event: AttemptEvent) => world.take(event).map(lineOf);
  assert.deepEqual(lines(QUESTION).slice(0, 3), [
    "publish q1",
    "warn: The agent asks: Which?",
    "publish agent",
  ]);
  assert.equal(runtimeStatus(world.state), "waiting_for_answer");
  assert.deepEqual(lines(QUESTION), []);
  assert.deepEqual(lines(QUESTION_OVER).slice(0, 2), ["end of q1", "publish agent"]);
  assert.equal(runtimeStatus(world.state), "running");
  assert.deepEqual(lines(QUESTION_OVER), []);
});

Deno.test("silence: 0 switches the warning or the limit off", () => {
  const unwarned = listening({ ...SILENCE, unresponsive_after_ms: 0 });
  unwarned.pass(1000);
  assert.deepEqual(unwarned.heard, ["limit at 300"]);
  const unlimited = listening({ ...SILENCE, unresponsive_limit_ms: 0 });
  unlimited.pass(1000);
  unlimited.take(SPOKE);
  unlimited.pass(1000);
  assert.deepEqual(unlimited.heard, ["silent at 100", "speaks at 1000", "silent at 1100"]);
  const off = listening({ unresponsive_after_ms: 0, unresponsive_limit_ms: 0 });
  assert.deepEqual(off.world.timers, ["deadline"]);
});

Deno.test("silence: the limit is reached exactly when the gap between two signs of life is too long", () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 20 });
  fc.assert(fc.property(gaps, (waits) => {
    const { world, heard, pass, take } = listening(SILENCE);
    for (const wait of waits) {
      pass(wait);
      take(SPOKE);
    }
    const tooLong = waits.some((wait) => wait >= 300);
    assert.equal(world.state.stop, tooLong ? "silence" : undefined);
    assert.equal(heard.filter((line) => line.startsWith("limit")).length, tooLong ? 1 : 0);
  }));
});

Deno.test("deadline: only the agent's working time counts, not pauses", () => {
  const phase = fc.record({
    works_ms: fc.integer({ min: 0, max: 400 }),
    held_ms: fc.integer({ min: 0, max: 5000 }),
  });
  fc.assert(fc.property(fc.array(phase, { maxLength: 12 }), (phases) => {
    const world = new AttemptWorld({ unresponsive_after_ms: 0, unresponsive_limit_ms: 0 }, ...TO_WORK);
    let worked_ms = 0;
    for (const { works_ms, held_ms } of phases) {
      world.clock.pass(works_ms);
      worked_ms += works_ms;
      assert.equal(world.state.stop, worked_ms >= world.state.rules.timeout_ms ? "timeout" : undefined);
      world.take({ kind: "pause" });
      world.clock.pass(held_ms);
      world.take({ kind: "resume" });
      world.take({ kind: "signalled", signal: "resume" });
    }
  }));
});

Deno.test("deadline: each turn has its full time", () => {
  const world = new AttemptWorld(
    { unresponsive_after_ms: 0, unresponsive_limit_ms: 0 },
    ...TO_WORK.map((event) => event.kind === "spawned" ? { ...event, takesTurns: true } : event),
    { kind: "messages", waiting: 1, interrupts: false },
  );
  world.clock.pass(999);
  const outcome = { status: "completed" as const, output: "first" };
  world.take({ kind: "reported", report: { kind: "turn_ended", outcome } });
  // What the store takes counts for neither turn.
  world.clock.pass(5000);
  const next = { message: { text: "second" }, waiting: 0, interrupts: false, roundsLeft: 0 };
  world.take({ kind: "turn_committed", next });
  assert.equal(world.state.turn, 2);
  world.clock.pass(999);
  assert.equal(world.state.stop, undefined);
  world.clock.pass(1);
  assert.equal(world.state.stop, "timeout");
});

Deno.test("park: an agent is ended after its wait for a person, unless it does something or its session would forget", () => {
  const session = (forgetful: boolean) =>
    report({ kind: "session", session_id: "s", resumable: true, resumed: false, forgetful });
  const parks = ({ state }: AttemptWorld) => state.stop === "park";
  const world = new AttemptWorld({}, ...TO_WORK, session(false), ASKED);
  world.clock.pass(500);
  world.take(SPOKE);
  world.clock.pass(599);
  assert.equal(parks(world), false);
  world.clock.pass(1);
  assert.equal(parks(world), true);
  assert.deepEqual(world.state.permissions.map(({ permission_id }) => permission_id), ["p1"]);
  for (const [rules, is_forgetful] of [[{}, true], [{ park_ms: 0 }, false]] as const) {
    const waits = new AttemptWorld(rules, ...TO_WORK, session(is_forgetful), ASKED);
    waits.clock.pass(10_000);
    assert.equal(parks(waits), false);
  }
});
