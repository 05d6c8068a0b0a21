/** What a seed stands for: every fourth for a history of two nodes that share a store, the others for one of one node. */
import { type Outcome, type Plant, runHistory } from "./history.ts";
import { runSharedHistory } from "./shared_history.ts";

export function isShared(seed: number): boolean {
  return seed % 4 === 0;
}

export async function runSeed(seed: number, plant?: Plant): Promise<Outcome> {
  return isShared(seed) ? await runSharedHistory(seed, plant) : await runHistory(seed, plant);
}
