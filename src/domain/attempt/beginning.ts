/** The start of an attempt: from the commit that claims the task until the agent is at work. */
import type { Failure } from "../failure.ts";
import { close, NEVER_STARTED, settle } from "./closing.ts";
import type { AttemptEffect } from "./effects.ts";
import type { AttemptEvent, ClaimedTask } from "./events.ts";
import type { AttemptState } from "./state.ts";
import { entry, stay, type Step } from "./step.ts";
import { interrupt } from "./turns.ts";

export function claimed(
  state: AttemptState,
  {
    attempt,
    turn,
    hasEarlierSession,
    isRetried,
    attemptsLeft,
    attemptsUsed,
    isPatient,
    waiting,
    roundsLeft,
  }: ClaimedTask,
  at_ms: number,
): Step {
  if (state.phase !== "claiming") return stay(state);
  const task = {
    attempt,
    turn,
    hasEarlierSession,
    isRetried,
    attemptsLeft,
    attemptsUsed,
    isPatient,
    roundsLeft,
  };
  const begun: AttemptState = {
    ...state,
    ...task,
    phase: "preparing",
    waiting: Math.max(waiting, state.waiting),
  };
  if (state.stop !== undefined) return close(begun, NEVER_STARTED, at_ms);
  return [begun, [{ kind: "publish_agent" }, { kind: "prepare" }]];
}

/** The claim failed: this attempt may not run the task. */
export function abandoned(state: AttemptState): Step {
  if (state.phase !== "claiming") return stay(state);
  return settle(state);
}

export function prepared(
  state: AttemptState,
  { working_dir, isWorkspaceOpen, workspace, notes = [] }: Extract<AttemptEvent, { kind: "prepared" }>,
  at_ms: number,
): Step {
  if (state.phase !== "preparing") return stay(state);
  const { attempt, rules } = state;
  const work = workspace && { workspace };
  const next: AttemptState = { ...state, working_dir, isWorkspaceOpen, work };
  if (state.stop !== undefined) return close(next, NEVER_STARTED, at_ms);
  return [{ ...next, phase: "starting" }, [
    ...notes.map(({ level, message, details = {} }) => entry(level, message, details)),
    entry("info", `Attempt ${attempt} started with agent '${rules.agent}'`, { attempt }),
    { kind: "start_agent" },
  ]];
}

export function notStarted(
  state: AttemptState,
  { failure, details, working_dir = state.working_dir }: {
    failure: Failure;
    details: Record<string, unknown>;
    working_dir?: string;
  },
  at_ms: number,
): Step {
  if (state.phase !== "preparing" && state.phase !== "starting") return stay(state);
  // Its preparation was given up.
  if (state.phase === "preparing" && state.stop !== undefined) {
    return close({ ...state, working_dir }, NEVER_STARTED, at_ms);
  }
  const [next, effects] = close({ ...state, working_dir }, { status: "failed", failure, output: "" }, at_ms);
  return [next, [entry("error", failure.message, details), ...effects]];
}

/** The process runs. It now gets the requests that came before it did. */
export function spawned(state: AttemptState, takesTurns: boolean): Step {
  if (state.phase !== "starting") return stay(state);
  const effects: AttemptEffect[] = [];
  if (state.stop !== undefined) effects.push({ kind: "stop_agent" });
  else if (state.isPaused) effects.push({ kind: "signal_agent", signal: "pause" });
  const working: AttemptState = { ...state, phase: "working", takesTurns };
  // The message may have been withdrawn.
  if (!state.isInterrupted || state.waiting === 0 || state.stop !== undefined) {
    return [{ ...working, isInterrupted: false }, effects];
  }
  const [interrupted, more] = interrupt(working);
  return [interrupted, [...effects, ...more]];
}
