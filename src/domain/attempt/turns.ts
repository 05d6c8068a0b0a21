/** The turns of an attempt: one ends, and a message or the agent itself begins the next. */
import type { TurnOutcome } from "../run.ts";
import { commitTurn, saveWhenClosed } from "./closing.ts";
import type { AttemptEffect } from "./effects.ts";
import { endAgent } from "./ending.ts";
import type { NextTurn } from "./events.ts";
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
  if (!mayGoOn(state, outcome)) return [state, [{ kind: "next_turn" }]];
  const between = { ...state, isBetween: true, ended: outcome };
  if (!state.isWorkspaceOpen) return commitTurn(between);
  return [{ ...between, isSaving: true }, [{ kind: "save_work", isOver: false }]];
}

/** After a failed turn, the next message is for another attempt. */
function mayGoOn({ waiting, isInterrupted }: AttemptState, { status }: TurnOutcome): boolean {
  return waiting > 0 && (status === "completed" || (status === "stopped" && isInterrupted));
}

export function turnCommitted(state: AttemptState, next: NextTurn | undefined, at_ms: number): Step {
  if (!state.isBetween || state.isSaving) return stay(state);
  const after = { ...state, isBetween: false, ended: undefined, work: undefined };
  if (state.phase !== "working" || state.stop !== undefined) {
    // The agent has ended meanwhile, or is being ended. The next attempt takes up the turn that is stored.
    const stored = next === undefined
      ? after
      : { ...untaken(after), turn: state.turn + 1, waiting: next.waiting };
    return saveWhenClosed(stored, at_ms);
  }
  if (next === undefined) return [after, [{ kind: "next_turn" }]];
  const begun: AttemptState = {
    ...after,
    turn: state.turn + 1,
    waiting: next.waiting,
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
