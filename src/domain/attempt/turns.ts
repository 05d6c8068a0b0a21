/** The turns of an attempt: one ends, and a message or the agent itself begins the next. */
import type { TurnOutcome } from "../run.ts";
import { goesBack, isToBeChecked, runChecks, withChecked } from "./checking.ts";
import { afterAgent, commitTurn, saveWhenClosed } from "./closing.ts";
import type { AttemptEffect } from "./effects.ts";
import { endAgent } from "./ending.ts";
import type { AttemptEvent, NextTurn } from "./events.ts";
import type { AttemptState } from "./state.ts";
import { entry, stay, type Step } from "./step.ts";

/** Ends the turn under way for a message that does not wait. An agent that takes only one prompt is ended itself. */
export function interrupt(state: AttemptState): Step {
  const interrupted = { ...state, isInterrupted: true };
  const said = entry("info", "The turn is ended for a message", {});
  if (state.takesTurns) return [interrupted, [said, { kind: "interrupt_turn" }]];
  const [ending, effects] = endAgent(interrupted, "message");
  return [ending, [said, ...effects]];
}

export function turnEnded(state: AttemptState, outcome: TurnOutcome): Step {
  // A run that is being ended needs no answer.
  if (!state.takesTurns || state.isBetween || state.stop !== undefined) return stay(state);
  if (isToBeChecked(state, outcome)) return runChecks({ ...state, isBetween: true, ended: outcome });
  if (!mayGoOn(state, outcome)) return [state, [{ kind: "next_turn" }]];
  return saveBetween({ ...state, isBetween: true, ended: outcome });
}

function saveBetween(state: AttemptState): Step {
  if (!state.isWorkspaceOpen) return commitTurn(state);
  return [{ ...state, isSaving: true }, [{ kind: "save_work", isOver: false }]];
}

/** The checks of the turn have ended, or were given up: for a message, or since the task is ended. */
export function checksEnded(
  state: AttemptState,
  event: Extract<AttemptEvent, { kind: "checked" }>,
  at_ms: number,
): Step {
  if (!state.isChecking) return stay(state);
  const next = withChecked(state, event);
  const over = { ...next, isBetween: false, ended: undefined };
  if (state.phase !== "working") return afterAgent(over, at_ms, event.isWhole);
  if (state.stop !== undefined) return stay(over);
  // The message is the next turn, and checks run after that.
  if (next.waiting > 0) return saveBetween({ ...next, checked: undefined });
  // It was withdrawn.
  if (!event.isWhole) return runChecks(next);
  return goesBack(next) ? saveBetween(next) : [over, [{ kind: "next_turn" }]];
}

/** After a failed turn, the next message is for another attempt. */
function mayGoOn({ waiting, isInterrupted }: AttemptState, { status }: TurnOutcome): boolean {
  return waiting > 0 && (status === "completed" || (status === "stopped" && isInterrupted));
}

export function turnCommitted(state: AttemptState, next: NextTurn | undefined, at_ms: number): Step {
  if (!state.isBetween || state.isSaving || state.isChecking) return stay(state);
  const after = { ...state, isBetween: false, ended: undefined, work: undefined };
  if (state.phase !== "working" || state.stop !== undefined) {
    // The agent has ended meanwhile, or is being ended. The next attempt takes up the turn that is stored.
    const stored = next === undefined ? after : { ...untaken(after), ...follow(state, next) };
    return saveWhenClosed(stored, at_ms);
  }
  if (next === undefined) return [after, [{ kind: "next_turn" }]];
  const begun: AttemptState = {
    ...after,
    ...follow(state, next),
    isRetrying: false,
    isInterrupted: false,
    isPrompted: true,
    deadline: { left_ms: state.rules.timeout_ms },
  };
  const effects: AttemptEffect[] = [{ kind: "publish_agent" }, { kind: "next_turn", message: next.message }];
  if (!next.interrupts) return [begun, effects];
  const [interrupted, more] = interrupt(begun);
  return [interrupted, [...effects, ...more]];
}

function follow({ turn }: AttemptState, { waiting, roundsLeft }: NextTurn) {
  return { turn: turn + 1, waiting, roundsLeft, checked: undefined };
}

/** The run is over, and was not given the message of its turn: that is for another attempt. */
export function untaken(state: AttemptState): AttemptState {
  return { ...state, isPrompted: false, isUntaken: true };
}

/** It keeps to the timeout of the turn before: an agent that goes on for ever is ended. */
export function ownTurn(state: AttemptState, outcome: TurnOutcome): Step {
  if (state.stop !== undefined || state.isBetween) return stay(state);
  const ended = { turn: state.turn, outcome };
  return [{ ...state, turn: state.turn + 1 }, [
    entry("info", "The agent goes on of itself after its turn has ended", {}),
    { kind: "write", change: { kind: "own_turn", ended } },
    { kind: "publish_agent" },
  ]];
}
