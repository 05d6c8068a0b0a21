/** Why an agent is ended before its work is done. */
import type { AttemptEffect } from "./effects.ts";
import type { AttemptState, StopCause } from "./state.ts";
import { giveUpChecks, stopChecks } from "./checking.ts";
import { settle } from "./closing.ts";
import { stay, type Step } from "./step.ts";

/** Ends the agent once; only the first cause counts. An agent that has already ended is left to have its result stored. */
export function endAgent(state: AttemptState, cause: StopCause): Step {
  if (state.phase === "closing") {
    if (state.isChecking) return giveUpChecks(state, cause);
    // An agent that is gone costs nothing more: its work is saved.
    return cause === "budget" ? stay(state) : stopSaving(state);
  }
  if (state.stop !== undefined || state.phase === "saving") return stay(state);
  // Its turn is over and cost what it cost.
  if (state.isChecking && cause === "budget") return stay(state);
  const [given, checks] = stopChecks(state);
  const effects: AttemptEffect[] = [...checks, { kind: "publish_agent" }];
  if (state.phase === "preparing") effects.push({ kind: "stop_preparing" });
  if (state.phase === "working") {
    effects.push(cause === "park" ? { kind: "stop_agent", parks: true } : { kind: "stop_agent" });
  }
  return [{ ...given, stop: cause }, effects];
}

/** The agent is gone. Only git may still take long. */
function stopSaving(state: AttemptState): Step {
  if (!state.isWorkspaceOpen || state.isSaveStopped) return stay(state);
  return [{ ...state, isSaveStopped: true }, [{ kind: "stop_saving" }]];
}

/** Ends the agent and stops all writes: from now on another node may run the task. */
export function loseLease(state: AttemptState): Step {
  const lost = { ...state, isLost: true };
  switch (state.phase) {
    case "closing": {
      const [unchecked, checks] = stopChecks(lost);
      const [stopped, effects] = stopSaving(unchecked);
      const [settled, more] = settle(stopped);
      return [settled, [...checks, ...effects, ...more]];
    }
    case "saving":
      // The store refuses a commit under way, unless it was committed before the lease was lost.
      return lost.isWaitingToSave ? settle(lost) : stay(lost);
    default:
      return endAgent(lost, "lease_lost");
  }
}
