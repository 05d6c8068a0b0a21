/// <reference lib="deno.worker" />
/** Runs histories on a thread of its own: asked for seeds from `first` to `last`, answers those that went wrong. */
import type { Outcome } from "./history.ts";
import { runSeed } from "./seeds.ts";

export interface Share {
  first: number;
  last: number;
}

export interface ShareResult {
  histories: number;
  steps: number;
  failed: Outcome[];
}

/** More than this tell nothing new. */
const FAILURES_KEPT = 5;

self.onmessage = async ({ data: { first, last } }: MessageEvent<Share>) => {
  const result: ShareResult = { histories: 0, steps: 0, failed: [] };
  for (let seed = first; seed <= last && result.failed.length < FAILURES_KEPT; seed++) {
    const outcome = await runSeed(seed);
    result.histories++;
    result.steps += outcome.steps;
    if (outcome.violation !== undefined) result.failed.push(outcome);
  }
  self.postMessage(result);
};
