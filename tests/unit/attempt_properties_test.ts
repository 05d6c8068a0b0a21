/** What holds for an attempt whatever happens to it, in whatever order. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { AttemptEffect } from "../../src/domain/attempt/effects.ts";
import type { AttemptEvent } from "../../src/domain/attempt/events.ts";
import { waitsForPerson } from "../../src/domain/attempt/state.ts";
import type { RunOutcome } from "../../src/domain/run.ts";
import { reach, type StateName, TABLE_EVENTS, TABLE_STATES } from "./fixtures/attempt_table.ts";
import { ASIDE, AttemptWorld, CLAIMED, QUESTION, QUESTION_OVER } from "./fixtures/attempt_world.ts";

/** Anything that may be heard, sense or not, and time that passes. */
const anything = fc.oneof(
  fc.constantFrom<AttemptEvent>(
    ...Object.values(TABLE_EVENTS) as AttemptEvent[],
    QUESTION,
    QUESTION_OVER,
    ASIDE,
  ),
  fc.integer({ min: 1, max: 400 }),
);

interface History {
  from: StateName;
  steps: (AttemptEvent | number)[];
}

/** An attempt to which all of this happens; `look` sees each step. A timer that is set twice throws. */
function happen({ from, steps }: History, look: (world: AttemptWorld, before: number) => void) {
  const world = reach(from);
  look(world, world.effects.length);
  for (const step of steps) {
    const before = world.effects.length;
    if (typeof step === "number") world.clock.pass(step);
    else world.take(step);
    look(world, before);
  }
  return world;
}

function count(effects: readonly AttemptEffect[], kind: AttemptEffect["kind"]): number {
  return effects.filter((effect) => effect.kind === kind).length;
}

const steps = fc.array(anything, { maxLength: 40 });
const histories = fc.record({ from: fc.constantFrom(...Object.keys(TABLE_STATES) as StateName[]), steps });
const many = { numRuns: 2000 };

Deno.test("attempt: its agent is started and ended at most once, and its end is reported at most once", () => {
  fc.assert(
    fc.property(histories, (history) => {
      const { effects } = happen(history, () => {});
      for (
        const kind of [
          "prepare",
          "stop_preparing",
          "start_agent",
          "stop_agent",
          "save_work",
          "stop_saving",
          "ready",
          "release",
        ] as const
      ) {
        assert.ok(count(effects, kind) <= 1, `${kind}: ${count(effects, kind)}`);
      }
    }),
    many,
  );
});

Deno.test("attempt: after it is settled, nothing more happens and no timer runs", () => {
  fc.assert(
    fc.property(histories, (history) => {
      let isSettled = false;
      happen(history, (world, before) => {
        if (isSettled) assert.deepEqual(world.effects.slice(before), []);
        isSettled = world.state.phase === "settled";
        if (isSettled) assert.deepEqual(world.timers, []);
      });
    }),
    many,
  );
});

Deno.test("attempt: after its lease is lost, nothing is written or reported", () => {
  const silent = [
    "stop_preparing",
    "stop_saving",
    "stop_checks",
    "stop_agent",
    "clear_timer",
    "ready",
    "release",
  ];
  fc.assert(
    fc.property(histories, steps, ({ from, steps }, after_loss) => {
      let isLost = false;
      happen({ from, steps: [...steps, { kind: "lease_lost" }, ...after_loss] }, (world, before) => {
        isLost ||= world.state.isLost;
        if (!isLost) return;
        const kinds = world.effects.slice(before).map(({ kind }) => kind);
        assert.deepEqual(kinds.filter((kind) => !silent.includes(kind)), []);
      });
    }),
    many,
  );
});

Deno.test("attempt: timers run only while the agent is at work; a result that was refused waits for one", () => {
  fc.assert(
    fc.property(histories, (history) => {
      happen(history, ({ state, timers }) => {
        const isAtWork = state.phase === "working" && !state.isFrozen && !state.isBetween &&
          state.stop === undefined && !waitsForPerson(state);
        const isPreparing = state.phase === "preparing" && !state.isPaused && state.stop === undefined;
        const isChecking = state.isChecking && !state.isCheckStopped && !state.isFrozen;
        assert.equal(timers.includes("deadline"), isAtWork || isPreparing || isChecking);
        assert.equal(timers.includes("silence"), isAtWork);
        const isWaiting = state.phase === "working" && !state.isFrozen && !state.isBetween &&
          state.stop === undefined && waitsForPerson(state);
        assert.equal(timers.includes("park"), isWaiting && !state.isChecking && state.isParkable);
        assert.equal(timers.includes("save_again"), state.isWaitingToSave);
      });
    }),
    many,
  );
});

Deno.test("attempt: repeating an end, a pause or a resume has no effect", () => {
  const asked = fc.constantFrom<AttemptEvent>(
    { kind: "stop", cause: "cancel" },
    { kind: "stop", cause: "leave" },
    { kind: "lease_lost" },
    { kind: "pause" },
    { kind: "resume" },
    { kind: "broke" },
  );
  fc.assert(
    fc.property(histories, asked, (history, event) => {
      const world = happen(history, () => {});
      world.take(event);
      const { state } = world;
      assert.deepEqual(world.take(event), []);
      assert.deepEqual(world.state, state);
    }),
    many,
  );
});

Deno.test("attempt: the first reason to end an agent stands", () => {
  fc.assert(
    fc.property(histories, (history) => {
      let first: string | undefined;
      happen(history, ({ state }) => {
        first ??= state.stop;
        assert.equal(state.stop, first);
      });
    }),
    many,
  );
});

/** What an engine answers to an effect, as chance has it; undefined when it answers nothing. */
function answerTo(effect: AttemptEffect, goesWrong: boolean): AttemptEvent | undefined {
  const stopped: RunOutcome = { status: "stopped", output: "" };
  const missing: AttemptEvent = {
    kind: "not_started",
    failure: { kind: "not_installed", message: "missing" },
    details: {},
  };
  switch (effect.kind) {
    case "run_checks":
    case "stop_checks": {
      const isWhole = effect.kind === "run_checks";
      const result = {
        command: "test",
        ok: !goesWrong,
        exit_code: goesWrong ? 1 : 0,
        duration_ms: 1,
        output: "",
      };
      return { kind: "checked", results: isWhole ? [result] : [], isWhole };
    }
    case "prepare":
      return goesWrong ? missing : { kind: "prepared", working_dir: "/folder", isWorkspaceOpen: true };
    case "start_agent":
      return goesWrong ? missing : { kind: "spawned", takesTurns: false };
    case "stop_agent":
      return { kind: "agent_ended", outcome: goesWrong ? { status: "completed", output: "" } : stopped };
    case "signal_agent":
      return { kind: "signalled", signal: effect.signal };
    case "write":
      return effect.change.kind === "progress"
        ? { kind: "progress_written", isStored: !goesWrong }
        : undefined;
    case "save_work":
      return { kind: "work_saved", work: goesWrong ? { failure: "the disk is full" } : {} };
    case "commit_end":
      return goesWrong ? { kind: "commit_failed", isStoreClosed: false } : { kind: "committed" };
    default:
      return undefined;
  }
}

Deno.test("attempt: if the engine answers, it ends eventually, and its result is saved unless the lease is lost", () => {
  const asked = fc.constantFrom<AttemptEvent>(
    TABLE_EVENTS.pause,
    TABLE_EVENTS.resume,
    TABLE_EVENTS.cancel,
    TABLE_EVENTS.leave,
    TABLE_EVENTS["lease lost"],
    TABLE_EVENTS["reports its start"],
    TABLE_EVENTS["reports activity"],
    TABLE_EVENTS["reports a line"],
    TABLE_EVENTS["asks for permission"],
  );
  const step = fc.record({
    answers: fc.integer({ min: 0, max: 3 }),
    goesWrong: fc.boolean(),
    ms: fc.integer({ min: 0, max: 200 }),
    event: fc.option(asked, { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const world = new AttemptWorld();
      let answered = 0;
      const answer = (goesWrong: boolean) => {
        const effect = world.effects[answered];
        if (!effect) return false;
        answered++;
        const event = answerTo(effect, goesWrong);
        if (event) world.take(event);
        return true;
      };
      world.take(CLAIMED);
      for (const { answers, goesWrong, ms, event } of steps) {
        for (let i = 0; i < answers; i++) answer(goesWrong);
        world.clock.pass(ms);
        if (event) world.take(event);
      }
      // From here on everything goes well, and the agent completes its work.
      for (let turns = 0; turns < 3; turns++) {
        while (answer(false));
        world.take({ kind: "agent_ended", outcome: { status: "completed", output: "" } });
        world.clock.pass(1000);
      }
      while (answer(false));
      assert.equal(world.state.phase, "settled");
      assert.equal(count(world.effects, "release"), 1);
      assert.equal(count(world.effects, "ready"), 1);
      const commits = world.effects.filter(({ kind }) => kind === "commit_end");
      if (!world.state.isLost) assert.ok(commits.length >= 1, "the result was not saved");
    }),
    many,
  );
});
