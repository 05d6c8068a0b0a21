/** Handles what clients ask of a running attempt. */
import type { AttemptState } from "./state.ts";
import { stay, type Step } from "./step.ts";

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

/** Queues a prompt until the earlier turns have ended. */
export function message(state: AttemptState, prompt: string): Step {
  return isUnderWay(state) ? [{ ...state, messages: [...state.messages, prompt] }, []] : stay(state);
}
