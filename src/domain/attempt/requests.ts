/** Handles what clients ask of a running attempt. */
import { stopChecks } from "./checking.ts";
import type { AttemptState } from "./state.ts";
import { stay, type Step } from "./step.ts";
import { interrupt } from "./turns.ts";

/** Whether the agent works or is about to. */
function isUnderWay({ phase, stop }: AttemptState): boolean {
  return stop === undefined && phase !== "closing" && phase !== "saving";
}

export function pause(state: AttemptState): Step {
  if (state.isPaused || !isUnderWay(state)) return stay(state);
  const paused = { ...state, isPaused: true, isFrozen: true };
  // If there is no process yet, it is paused as soon as it is spawned.
  return state.phase === "working"
    ? [paused, [{ kind: "signal_agent", signal: "pause" }]]
    : [paused, [{ kind: "publish_agent" }]];
}

export function resume(state: AttemptState): Step {
  if (!state.isPaused || !isUnderWay(state)) return stay(state);
  return state.phase === "working"
    ? [{ ...state, isPaused: false }, [{ kind: "signal_agent", signal: "resume" }]]
    : [{ ...state, isPaused: false, isFrozen: false }, [{ kind: "publish_agent" }]];
}

/** A signal has arrived. The attempt may have been paused again since it was sent. */
export function signalled(state: AttemptState, signal: "pause" | "resume"): Step {
  if (state.phase !== "working") return stay(state);
  const isFrozen = state.isFrozen && (signal === "pause" || state.isPaused);
  return [{ ...state, isFrozen }, [{ kind: "publish_agent" }]];
}

/** Messages wait for the end of the turn. One that does not wait ends it, unless it is about to end or stands still. */
export function messages(
  state: AttemptState,
  { waiting, interrupts }: { waiting: number; interrupts: boolean },
): Step {
  const next = { ...state, waiting };
  // Whether one waits decides what the end of the turn means, also when its agent is being ended.
  if (!isUnderWay(state)) return stay(next);
  // They would run again after the message.
  if (state.isChecking) return waiting > 0 ? stopChecks(next) : stay(next);
  if (!interrupts || state.isInterrupted || state.isPaused || state.isBetween) return stay(next);
  // A turn that has not begun is ended as soon as it has.
  return state.phase === "working" ? interrupt(next) : stay({ ...next, isInterrupted: true });
}
