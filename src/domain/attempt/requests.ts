/** What clients ask of a running attempt. */
import type { AttemptState } from "./state.ts";
import { stay, type Step } from "./step.ts";

/** Whether its agent works, or will. */
function isUnderWay({ phase, stop }: AttemptState): boolean {
  return stop === undefined && phase !== "closing" && phase !== "saving";
}

export function pause(state: AttemptState): Step {
  if (state.isPaused || !isUnderWay(state)) return stay(state);
  const paused = { ...state, isPaused: true, isFrozen: true };
  // Without a process it is stopped as soon as there is one.
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

/** It may have been paused again meanwhile. */
export function signalled(state: AttemptState, signal: "pause" | "resume"): Step {
  if (state.phase !== "working") return stay(state);
  const isFrozen = state.isFrozen && (signal === "pause" || state.isPaused);
  return [{ ...state, isFrozen }, [{ kind: "publish_agent" }]];
}

/** A prompt waits for the end of the turns before it. */
export function message(state: AttemptState, prompt: string): Step {
  return isUnderWay(state) ? [{ ...state, messages: [...state.messages, prompt] }, []] : stay(state);
}
