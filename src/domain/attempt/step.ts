/** One step of an attempt: its next state and the effects to carry out. */
import type { LogLevel } from "../log_entry.ts";
import type { AttemptEffect } from "./effects.ts";
import type { AttemptState } from "./state.ts";

export type Step = readonly [AttemptState, readonly AttemptEffect[]];

/** Nothing changes. */
export function stay(state: AttemptState): Step {
  return [state, []];
}

/** An entry of the engine in the task's log. */
export function entry(level: LogLevel, message: string, details: Record<string, unknown>): AttemptEffect {
  return { kind: "append", level, message, source: "engine", details };
}
