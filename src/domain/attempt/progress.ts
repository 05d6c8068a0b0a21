/**
 * Writes progress to the task's record. During a write only the newest report of each kind is kept, so an agent that
 * reports faster than the store writes costs nothing.
 */
import type { ProgressReport } from "./record_change.ts";
import type { AttemptState } from "./state.ts";
import type { Step } from "./step.ts";

export function noteProgress(state: AttemptState, report: ProgressReport, at_ms: number): Step {
  const others = state.unwritten.filter(({ kind }) => kind !== report.kind);
  const noted = { ...state, unwritten: [...others, report] };
  return state.isWriting ? [noted, []] : nextWrite(noted, at_ms);
}

/** Writes the reports since the last write. */
export function nextWrite(state: AttemptState, at_ms: number): Step {
  const change = { kind: "progress" as const, reports: state.unwritten, elapsed_ms: at_ms - state.began_ms };
  return [{ ...state, unwritten: [], isWriting: true }, [{ kind: "write", change }]];
}
