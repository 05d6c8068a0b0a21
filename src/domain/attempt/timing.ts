/** The timers of an attempt: when each runs, and what happens when it fires. */
import { hold, holdDeadline, judgeSilence, listen, runDeadline, untilDue } from "./clocks.ts";
import type { AttemptEffect, AttemptTimer } from "./effects.ts";
import { isParkable } from "../parked.ts";
import { saveAgain } from "./closing.ts";
import { endAgent } from "./ending.ts";
import { type AttemptState, waitsForPerson } from "./state.ts";
import { entry, stay, type Step } from "./step.ts";

/** Sets and clears the timers for this state. They run only while the agent is at work. */
export function keepTime(state: AttemptState, at_ms: number): Step {
  // A person takes the time that a person needs: meanwhile the agent may be silent, and its time stands still.
  const isWorking = state.phase === "working" && !state.isFrozen && !state.isBetween &&
    state.stop === undefined && !waitsForPerson(state);
  // What is prepared may hang as well, such as a worktree.
  const isPreparing = state.phase === "preparing" && !state.isPaused && state.stop === undefined;
  const isChecking = state.isChecking && !state.isCheckStopped && !state.isFrozen;
  const [timed, deadline] = keepDeadline(state, isWorking || isPreparing || isChecking, at_ms);
  const [heard, silence] = keepSilence(timed, isWorking, at_ms);
  const [waiting, wait] = keepWait(heard, at_ms);
  return [waiting, [...deadline, ...silence, ...wait]];
}

/** Times the wait for a person of an agent whose session can be loaded later. */
function keepWait(state: AttemptState, at_ms: number): Step {
  const { wait, rules: { park_ms } } = state;
  const mayPark = park_ms > 0 && state.phase === "working" && !state.isFrozen && !state.isBetween &&
    state.stop === undefined && !state.isChecking && state.isParkable && waitsForPerson(state);
  if (mayPark === wait.hasTimer) return stay(state);
  const next = { ...state, wait: { heard_ms: at_ms, hasTimer: mayPark } };
  return [next, [
    mayPark ? { kind: "set_timer", timer: "park", ms: park_ms } : { kind: "clear_timer", timer: "park" },
  ]];
}

function keepDeadline(state: AttemptState, isWorking: boolean, at_ms: number): Step {
  const { deadline } = state;
  const isRunning = deadline.since_ms !== undefined;
  if (isWorking === isRunning) return stay(state);
  return isWorking
    ? [{ ...state, deadline: runDeadline(deadline, at_ms) }, [
      { kind: "set_timer", timer: "deadline", ms: deadline.left_ms },
    ]]
    : [{ ...state, deadline: holdDeadline(deadline, at_ms) }, [{ kind: "clear_timer", timer: "deadline" }]];
}

function keepSilence(state: AttemptState, isExpected: boolean, at_ms: number): Step {
  const { silence } = state;
  if (!isExpected) {
    if (!silence.isListening) return stay(state);
    const effects: AttemptEffect[] = silence.hasTimer ? [{ kind: "clear_timer", timer: "silence" }] : [];
    return [{ ...state, silence: hold(silence) }, effects];
  }
  if (silence.hasTimer) return stay(state);
  const listening = silence.isListening ? silence : listen(at_ms);
  const ms = untilDue(listening, bounds(state), at_ms);
  if (ms === undefined) return [{ ...state, silence: listening }, []];
  return [{ ...state, silence: { ...listening, hasTimer: true } }, [
    { kind: "set_timer", timer: "silence", ms },
  ]];
}

function bounds({ rules }: AttemptState) {
  return { warning_ms: rules.unresponsive_after_ms, limit_ms: rules.unresponsive_limit_ms };
}

/** Notes a sign of life. To keep this cheap, the timer is reset only after a long silence. */
export function noteSignOfLife(before: AttemptState, at_ms: number): Step {
  // An agent that does something else meanwhile is not interrupted.
  const state = before.wait.hasTimer ? { ...before, wait: { ...before.wait, heard_ms: at_ms } } : before;
  if (!state.silence.isListening) return stay(state);
  const silence = { ...state.silence, heard_ms: at_ms };
  if (!silence.isLong) return [{ ...state, silence }, []];
  const effects: AttemptEffect[] = [
    entry("info", "The agent gives signs of life again", { silent_for_ms: 0 }),
    { kind: "publish_agent" },
  ];
  if (silence.hasTimer) effects.unshift({ kind: "clear_timer", timer: "silence" });
  return [{ ...state, silence: { ...silence, isLong: false, hasTimer: false } }, effects];
}

export function timerFired(state: AttemptState, timer: AttemptTimer, at_ms: number): Step {
  switch (timer) {
    case "deadline":
      if (state.deadline.since_ms === undefined) return stay(state);
      return endAgent({ ...state, deadline: { left_ms: 0 } }, "timeout");
    case "silence":
      return state.silence.hasTimer ? silenceDue(state, at_ms) : stay(state);
    case "park":
      return state.wait.hasTimer ? waitDue(state, at_ms) : stay(state);
    case "save_again":
      return saveAgain(state);
  }
}

function waitDue(state: AttemptState, at_ms: number): Step {
  const { wait: { heard_ms }, rules: { park_ms } } = state;
  const again = (ms: number): Step => [state, [{ kind: "set_timer", timer: "park", ms }]];
  const left_ms = heard_ms + park_ms - at_ms;
  if (left_ms > 0) return again(left_ms);
  if (!isParkable(state)) return again(park_ms);
  const [ending, effects] = endAgent({ ...state, wait: { heard_ms, hasTimer: false } }, "park");
  const message = "Nobody has answered for so long that the agent is ended, to give its slot back. " +
    "What it asks stays open, and it goes on in its session once that is answered";
  return [ending, [entry("info", message, { waited_ms: park_ms }), ...effects]];
}

function silenceDue(before: AttemptState, at_ms: number): Step {
  const state = { ...before, silence: { ...before.silence, hasTimer: false } };
  switch (judgeSilence(state.silence, bounds(state), at_ms)) {
    case "limit":
      return endAgent(state, "silence");
    case "warning":
      return [{ ...state, silence: { ...state.silence, isLong: true } }, [
        entry("warn", "The agent gives no sign of life", {
          silent_for_ms: state.rules.unresponsive_after_ms,
        }),
        { kind: "publish_agent" },
      ]];
    case "early":
      return stay(state);
  }
}
