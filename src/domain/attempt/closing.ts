/** The end of an attempt: its agent is gone and its result is committed. */
import type { LogLevel } from "../log_entry.ts";
import type { RunOutcome } from "../run.ts";
import type { SavedWork } from "../workspace.ts";
import { goesBack, isGivenUp, isToBeChecked, runChecks } from "./checking.ts";
import type { AttemptEffect, AttemptResult } from "./effects.ts";
import { attemptEnd, isPutOff } from "./end.ts";
import { nextWrite } from "./progress.ts";
import type { AttemptState } from "./state.ts";
import { entry, stay, type Step } from "./step.ts";
import type { AttemptEnd } from "./task_transitions.ts";

/** How long after a failed commit of the result the next try follows. */
const SAVE_AGAIN_MS = 1000;

/** The outcome of an agent that was never started because the attempt was stopped first. */
export const NEVER_STARTED: RunOutcome = { status: "stopped", output: "" };

/** Closes the attempt once its agent is gone, or if it never had one. */
export function close(state: AttemptState, outcome: RunOutcome, at_ms: number): Step {
  const closing: AttemptState = { ...state, phase: "closing", outcome };
  // The workspace is left alone: another attempt may use it by now.
  if (state.isLost) return settle(closing);
  return state.isChecking ? stay(closing) : afterAgent(closing, at_ms);
}

/** The agent is gone, and its turn is checked if it would complete the task. `mayCheck`: no checks have been given up. */
export function afterAgent(state: AttemptState, at_ms: number, mayCheck = true): Step {
  const { outcome = NEVER_STARTED } = state;
  if (!state.isBetween && isToBeChecked(state, outcome)) {
    const isOver = isGivenUp(state) || (!mayCheck && state.stop !== undefined);
    if (!isOver) return runChecks(state);
    // Whether the work passes is not known.
    return saveAtEnd({ ...state, outcome: { ...outcome, status: "stopped" } }, at_ms);
  }
  return saveAtEnd(state, at_ms);
}

function saveAtEnd(closing: AttemptState, at_ms: number): Step {
  const { outcome = NEVER_STARTED } = closing;
  if (!closing.isWorkspaceOpen) return saveWhenClosed(closing, at_ms);
  // There is no time for it: the next server does that, or its agent goes on with the work as it is.
  if (closing.stop === "leave") return saveWhenClosed({ ...closing, isWorkspaceOpen: false }, at_ms);
  // It is being saved since the turn ended.
  if (closing.isSaving) return stay(closing);
  const isOver = closing.waiting === 0 && !goesBack(closing) &&
    attemptEnd(outcome, closing).again === undefined;
  return [closing, [{ kind: "save_work", isOver }]];
}

export function progressWritten(state: AttemptState, isStored: boolean, at_ms: number): Step {
  if (!state.isWriting) return stay(state);
  const published: AttemptEffect[] = isStored ? [{ kind: "publish_agent" }] : [];
  const idle = { ...state, isWriting: false };
  const [next, effects] = idle.unwritten.length > 0 ? nextWrite(idle, at_ms) : saveWhenClosed(idle, at_ms);
  return [next, [...published, ...effects]];
}

export function workSaved(state: AttemptState, work: SavedWork, at_ms: number): Step {
  const isAtEnd = state.phase === "closing" && state.isWorkspaceOpen;
  if (!isAtEnd && !state.isSaving) return stay(state);
  const entries = (work.notes ?? []).map(({ level, message, details = {} }) =>
    entry(level, message, details)
  );
  // The agent's work is done, and stays where it is.
  if (work.failure !== undefined) {
    entries.push(entry("warn", `The work could not be saved: ${work.failure}`, {}));
  }
  const saved = { ...state, isSaving: false, work };
  const [next, effects] = isAtEnd
    ? saveWhenClosed(
      { ...saved, isWorkspaceOpen: false, isBetween: state.isBetween && !state.isSaving },
      at_ms,
    )
    : commitTurn(saved);
  return [next, [...entries, ...effects]];
}

/** Stores a turn, once its work is saved, that another one follows. */
export function commitTurn(state: AttemptState): Step {
  const { turn, ended, work, checked } = state;
  // A run that is being ended takes no other turn.
  if (ended === undefined || state.stop !== undefined) return stay({ ...state, isBetween: false });
  return [state, [{ kind: "commit_turn", ended: { turn, outcome: ended, work, checks: checked?.results } }]];
}

/** Commits the result once all that the agent reported is stored, its last turn is, and its work is saved. */
export function saveWhenClosed(state: AttemptState, at_ms: number): Step {
  const { phase, outcome, isWriting, isWorkspaceOpen, isBetween, isChecking } = state;
  if (phase !== "closing" || outcome === undefined) return stay(state);
  if (isWriting || isWorkspaceOpen || isBetween || isChecking) return stay(state);
  // The message that was to follow has been withdrawn meanwhile.
  if (isToBeChecked(state, outcome)) return afterAgent(state, at_ms);
  const { result } = saving(state, outcome);
  const { end } = result;
  const { level, message, outcome: shown } = reportOf(state, result);
  return [{ ...state, phase: "saving" }, [
    entry(level, message, {
      outcome: shown,
      exit_code: end.exit_code,
      stop_reason: end.stop_reason,
      duration_ms: Math.round(at_ms - state.began_ms),
    }),
    { kind: "commit_end", result },
  ]];
}

/**
 * What the log says of the end. An end that a client or the server's shutdown asked for is no error, although the agent
 * did not complete its work.
 */
function reportOf(
  state: AttemptState,
  { end, isLeft, checks }: AttemptResult,
): { level: LogLevel; message: string; outcome: AttemptEnd["outcome"] } {
  const { stop, attemptsLeft } = state;
  // The task was cancelled before its agent was ended. What the agent still did changes nothing.
  if (stop === "cancel") {
    return { level: "info", message: "Attempt ended: the task was cancelled", outcome: "cancelled" };
  }
  if (isLeft) {
    return { level: "info", message: "Attempt ended: the server is shutting down", outcome: "interrupted" };
  }
  const { outcome, failure, again } = end;
  const hasNext = state.waiting > 0 || checks?.goesBack === true;
  const follows = hasNext ? ". The next message follows in another attempt" : "";
  if (outcome === "completed") {
    return {
      level: "info",
      message: follows ? `The turn is completed${follows}` : "Task completed",
      outcome,
    };
  }
  if (outcome === "interrupted" && again === undefined) {
    return { level: "info", message: "Attempt ended: its turn was ended for a message", outcome };
  }
  if (again === "answered") {
    return { level: "info", message: "Attempt ended: the task waits for a person, without a slot", outcome };
  }
  if (again === "unspent") return { level: "warn", message: "Attempt ended: the budget is spent", outcome };
  const message = `Attempt ended: ${failure?.message ?? outcome}`;
  if (isPutOff(end)) {
    const when = again === "soon"
      ? "goes on after a wait"
      : again === "when_room"
      ? "waits for room on the disk"
      : "waits for the provider of its agent";
    return { level: "warn", message: `${message}. The task ${when}, which counts as no attempt`, outcome };
  }
  if (again === undefined || attemptsLeft === 0) {
    return { level: "error", message: state.isPrompted ? message + follows : message, outcome };
  }
  const when = state.isPaused ? " when the task is resumed" : again === "later" ? " after a wait" : "";
  const where = goesOn(state, end) ? ", to go on in its session" : "";
  return { level: "warn", message: `${message}. The agent is started again${when}${where}`, outcome };
}

/** Whether the next attempt has a session to resume. */
function goesOn({ hasSession, isResumable, hasEarlierSession }: AttemptState, { losesSession }: AttemptEnd) {
  return !losesSession && (hasSession ? isResumable : hasEarlierSession);
}

function saving(state: AttemptState, outcome: RunOutcome) {
  const end = attemptEnd(outcome, state);
  if (end.outcome === "unresponsive" && state.hasEarlierSession && !state.isAtWork) end.losesSession = true;
  const { attempt, turn, work, isUntaken, checked } = state;
  const isLeft = state.stop === "leave" && end.outcome === "failed" &&
    (isUntaken || outcome.status === "stopped");
  const isPrompted = state.isPrompted || end.outcome === "completed";
  // The run ended as its last turn did, which is stored.
  const own = isUntaken ? NEVER_STARTED : outcome;
  const open = { permissions: state.permissions, questions: state.questions };
  const checks = checked && {
    results: checked.results,
    goesBack: end.outcome === "completed" && goesBack(state),
  };
  const isUnchecked = isToBeChecked({ ...state, waiting: 0 }, outcome);
  return {
    result: { attempt, turn, outcome: own, end, isLeft, isPrompted, work, checks, isUnchecked, open },
  };
}

/** The message that was to follow was withdrawn while the result was being committed. */
export function toBeChecked(state: AttemptState, at_ms: number): Step {
  if (state.phase !== "saving" || state.isWaitingToSave) return stay(state);
  if (state.isLost) return settle(state);
  return afterAgent({ ...state, phase: "closing", waiting: 0, isUnsaved: false }, at_ms);
}

/** Keeps the result, and the slot, until the store accepts it. A full disk or a lost store must not lose the result. */
export function commitFailed(state: AttemptState, isStoreClosed: boolean): Step {
  if (state.phase !== "saving" || state.isWaitingToSave) return stay(state);
  const unsaved = { ...state, isUnsaved: true };
  if (isStoreClosed || state.isLost) return settle(unsaved);
  return [{ ...unsaved, isWaitingToSave: true }, [
    { kind: "set_timer", timer: "save_again", ms: SAVE_AGAIN_MS },
  ]];
}

export function saveAgain(state: AttemptState): Step {
  if (!state.isWaitingToSave || state.outcome === undefined) return stay(state);
  const { result } = saving(state, state.outcome);
  return [{ ...state, isWaitingToSave: false }, [{ kind: "commit_end", result }]];
}

/** Ends the attempt. Those who wait for it continue. What its agent asks is over, or stored with the task. */
export function settle(state: AttemptState): Step {
  const { permissions, questions } = state;
  const effects: AttemptEffect[] = [
    ...permissions.map(({ permission_id }) => ({ kind: "publish_permission_end", permission_id } as const)),
    ...questions.map(({ question_id }) => ({ kind: "publish_question_end", question_id } as const)),
    { kind: "publish_agent" },
  ];
  if (state.isWaitingToSave) effects.push({ kind: "clear_timer", timer: "save_again" });
  if (!state.isReady) effects.push({ kind: "ready" });
  effects.push({ kind: "release" });
  const over = { permissions: [], questions: [], isReady: true, isWaitingToSave: false };
  return [{ ...state, ...over, phase: "settled" }, effects];
}
