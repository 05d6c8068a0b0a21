/** Visits to agents without a task: each has a bound, and the same question under way is joined. */
import type { Clock } from "../clock/clock.ts";
import { PROBE_ANSWER_MS } from "../domain/probe_bounds.ts";

/** The rest is for the end of the agent. */
const VISIT_MS = PROBE_ANSWER_MS - 20_000;

/** Carries `visit` out. Its signal aborts when the time is over, or when `closing` does. */
export async function bounded<T>(
  clock: Clock,
  closing: AbortSignal,
  visit: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const bound = new AbortController();
  const timer = clock.after(VISIT_MS, () => bound.abort());
  try {
    return await visit(AbortSignal.any([bound.signal, closing]));
  } finally {
    timer.cancel();
  }
}

/** What `start` results in, or what is under way for the same key. */
export function joined<T>(
  underWay: Map<string, Promise<T>>,
  key: string,
  start: () => Promise<T>,
): Promise<T> {
  const other = underWay.get(key);
  if (other !== undefined) return other;
  const own = start().finally(() => underWay.delete(key));
  underWay.set(key, own);
  return own;
}
