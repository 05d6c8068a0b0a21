/**
 * Progress on its way into the record. While one write is under way only the newest news of each kind is kept, so an
 * agent that talks faster than the store writes costs nothing.
 */
import type { ProgressNews } from "./record_change.ts";
import type { AttemptState } from "./state.ts";
import type { Step } from "./step.ts";

export function noteProgress(state: AttemptState, news: ProgressNews, at_ms: number): Step {
  const noted = { ...state, news: [...state.news.filter((old) => old.kind !== news.kind), news] };
  return state.isWriting ? [noted, []] : nextWrite(noted, at_ms);
}

/** Writes what has come since the last write. */
export function nextWrite(state: AttemptState, at_ms: number): Step {
  const change = { kind: "progress" as const, news: state.news, elapsed_ms: at_ms - state.began_ms };
  return [{ ...state, news: [], isWriting: true }, [{ kind: "write", change }]];
}
