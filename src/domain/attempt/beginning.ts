/** The way from the commit that takes the task to an agent at work. */
import { close, NEVER_STARTED, settle } from "./closing.ts";
import type { AttemptEffect } from "./effects.ts";
import type { AttemptState } from "./state.ts";
import { entry, stay, type Step } from "./step.ts";

export function claimed(
  state: AttemptState,
  task: Pick<AttemptState, "attempt" | "turn" | "hasEarlierSession">,
  at_ms: number,
): Step {
  if (state.phase !== "claiming") return stay(state);
  const { attempt, turn, hasEarlierSession } = task;
  const begun: AttemptState = { ...state, phase: "preparing", attempt, turn, hasEarlierSession };
  if (state.stop !== undefined) return close(begun, NEVER_STARTED, at_ms);
  return [begun, [{ kind: "publish_agent" }, { kind: "prepare" }]];
}

/** The task was not this attempt's to run. */
export function abandoned(state: AttemptState): Step {
  if (state.phase !== "claiming") return stay(state);
  return settle(state);
}

export function prepared(
  state: AttemptState,
  { working_dir, isWorkspaceOpen }: { working_dir: string; isWorkspaceOpen: boolean },
  at_ms: number,
): Step {
  if (state.phase !== "preparing") return stay(state);
  const { attempt, rules } = state;
  const next: AttemptState = { ...state, working_dir, isWorkspaceOpen };
  if (state.stop !== undefined) return close(next, NEVER_STARTED, at_ms);
  return [{ ...next, phase: "starting" }, [
    entry("info", `Attempt ${attempt} started with agent '${rules.agent}'`, { attempt }),
    { kind: "start_agent" },
  ]];
}

export function notStarted(
  state: AttemptState,
  { error, details }: { error: string; details: Record<string, unknown> },
  at_ms: number,
): Step {
  if (state.phase !== "preparing" && state.phase !== "starting") return stay(state);
  const [next, effects] = close(state, { status: "failed", error, output: "" }, at_ms);
  return [next, [entry("error", error, details), ...effects]];
}

/** The process is there. What was asked for meanwhile reaches it now. */
export function spawned(state: AttemptState, takesTurns: boolean): Step {
  if (state.phase !== "starting") return stay(state);
  const effects: AttemptEffect[] = [];
  if (state.stop !== undefined) effects.push({ kind: "stop_agent" });
  else if (state.isPaused) effects.push({ kind: "signal_agent", signal: "pause" });
  return [{ ...state, phase: "working", takesTurns }, effects];
}
