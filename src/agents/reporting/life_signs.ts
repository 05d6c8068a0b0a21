/** Tells that a program is alive, at a bounded pace. */
import type { Clock } from "../../clock/clock.ts";

/** Shorter than any silence that matters. */
const EVERY_MS = 250;

/** A function to call for whatever a program does. It calls `tell` at once, then at most every quarter of a second. */
export function lifeSigns(clock: Clock, tell: () => void): () => void {
  let told_ms = -Infinity;
  return () => {
    const now = clock.monotonic();
    if (now - told_ms < EVERY_MS) return;
    told_ms = now;
    tell();
  };
}
