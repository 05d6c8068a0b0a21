/**
 * The checks of a task's work. They run when a turn has ended that would complete the task: between two turns while the agent
 * waits, or once it is gone.
 */
import { checkFailure, type CheckResult } from "../check.ts";
import type { TurnOutcome } from "../run.ts";
import type { AttemptState, StopCause } from "./state.ts";
import { entry, stay, type Step } from "./step.ts";

/** Reasons to end a task for which nobody waits for its checks. */
const GIVES_UP: ReadonlySet<StopCause> = new Set(["cancel", "timeout", "lease_lost", "leave", "bug"]);

/** Whether the checks must run before the turn can complete the task. */
export function isToBeChecked(
  { rules, checked, waiting, isUntaken }: AttemptState,
  { status }: TurnOutcome,
): boolean {
  return rules.hasChecks && checked === undefined && status === "completed" && waiting === 0 && !isUntaken;
}

/** Whether there is no time for checks. */
export function isGivenUp({ stop }: AttemptState): boolean {
  return stop !== undefined && GIVES_UP.has(stop);
}

export function runChecks(state: AttemptState): Step {
  return [{ ...state, isChecking: true, isCheckStopped: false }, [
    entry("info", "The turn has ended: its checks run", {}),
    { kind: "run_checks" },
  ]];
}

export function stopChecks(state: AttemptState): Step {
  if (!state.isChecking || state.isCheckStopped) return stay(state);
  return [{ ...state, isCheckStopped: true }, [{ kind: "stop_checks" }]];
}

/** The task is ended while its checks run and its agent is gone. A budget or a silence of the agent does not concern them. */
export function giveUpChecks(state: AttemptState, cause: StopCause): Step {
  return GIVES_UP.has(cause) ? stopChecks({ ...state, stop: state.stop ?? cause }) : stay(state);
}

/** The state once the checks have ended. Those that were given up count for nothing. */
export function withChecked(
  state: AttemptState,
  { results, isWhole }: { results: CheckResult[]; isWhole: boolean },
): AttemptState {
  return {
    ...state,
    isChecking: false,
    isCheckStopped: false,
    checked: isWhole ? { results } : undefined,
  };
}

/** Whether a check has failed and the agent is told, instead of that the task fails. */
export function goesBack({ checked, roundsLeft }: Pick<AttemptState, "checked" | "roundsLeft">): boolean {
  return checked !== undefined && roundsLeft > 0 && checkFailure(checked.results) !== undefined;
}
