/**
 * One attempt of a task as a state machine. Each event leads to a new state and a list of effects. It has no clock, store
 * or process: events carry the time, and the engine carries out the effects.
 */
import { abandoned, claimed, notStarted, prepared, spawned } from "./beginning.ts";
import { close, commitFailed, progressWritten, settle, toBeChecked, workSaved } from "./closing.ts";
import type { AttemptEffect } from "./effects.ts";
import { endAgent, loseLease } from "./ending.ts";
import type { TimedEvent } from "./events.ts";
import { reported } from "./reports.ts";
import { messages, pause, resume, signalled } from "./requests.ts";
import type { AttemptState } from "./state.ts";
import { stay, type Step } from "./step.ts";
import { keepTime, noteSignOfLife, timerFired } from "./timing.ts";
import { checksEnded, turnCommitted, untaken } from "./turns.ts";

/** The effects that remain after the lease is lost: the agent is ended and those who wait for the attempt continue. */
const WITHOUT_LEASE: ReadonlySet<AttemptEffect["kind"]> = new Set([
  "stop_preparing",
  "stop_saving",
  "stop_checks",
  "stop_agent",
  "clear_timer",
  "ready",
  "release",
]);

/** Returns the state after `event` and the effects in order. An event that does not fit the state changes nothing. */
export function attempt(state: AttemptState, event: TimedEvent): Step {
  if (state.phase === "settled") return stay(state);
  const isSign = event.kind === "reported" && event.report.kind !== "silent";
  const [heard, signs] = isSign ? noteSignOfLife(state, event.at_ms) : stay(state);
  const [next, effects] = react(heard, event);
  const [timed, timers] = keepTime(next, event.at_ms);
  return [timed, [...signs, ...effects, ...timers].filter((effect) => isAllowed(timed, effect))];
}

function isAllowed(state: AttemptState, { kind }: AttemptEffect): boolean {
  if (state.isLost) return WITHOUT_LEASE.has(kind);
  // Clients do not see an attempt that has no number yet.
  return kind !== "publish_agent" || state.attempt > 0;
}

function react(state: AttemptState, event: TimedEvent): Step {
  const { at_ms } = event;
  switch (event.kind) {
    case "claimed":
      return claimed(state, event, at_ms);
    case "abandoned":
      return abandoned(state);
    case "prepared":
      return prepared(state, event, at_ms);
    case "spawned":
      return spawned(state, event.takesTurns);
    case "not_started":
      return notStarted(state, event, at_ms);
    case "reported":
      return reported(state, event.report, at_ms);
    case "agent_ended":
      return state.phase === "working" ? close(state, event.outcome, at_ms) : stay(state);
    case "pause":
      return pause(state);
    case "resume":
      return resume(state);
    case "signalled":
      return signalled(state, event.signal);
    case "stop":
      return endAgent(state, event.cause);
    case "lease_lost":
      return loseLease(state);
    case "broke":
      return state.phase === "saving" ? commitFailed(state, false) : endAgent(state, "bug");
    case "messages":
      return messages(state, event);
    case "turn_committed":
      return turnCommitted(state, event.next, at_ms);
    case "message_refused":
      return stay(state.phase === "working" ? untaken(state) : state);
    case "timer_fired":
      return timerFired(state, event.timer, at_ms);
    case "progress_written":
      return progressWritten(state, event.isStored, at_ms);
    case "work_saved":
      return workSaved(state, event.work, at_ms);
    case "checked":
      return checksEnded(state, event, at_ms);
    case "committed":
      return state.phase === "saving" ? settle(state) : stay(state);
    case "to_be_checked":
      return toBeChecked(state, at_ms);
    case "commit_failed":
      return commitFailed(state, event.isStoreClosed);
  }
}
