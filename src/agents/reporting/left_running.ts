/** Waits for what a turn has left at work. */
import { type Clock, sleep } from "../../clock/clock.ts";
import type { LeftProcess } from "../../domain/output.ts";

const LOOK_EVERY_MS = 500;

export interface LeftOptions {
  clock: Clock;
  list: () => Promise<LeftProcess[]>;
  /** How long to wait for them to end. */
  wait_ms: number;
  /** Called once, if it waits. */
  onWait: (left: LeftProcess[]) => void;
  /** Whether the run is being ended. */
  isStopping: () => boolean;
}

/** What is left at work after the wait. */
export async function leftAfterWait(options: LeftOptions): Promise<LeftProcess[]> {
  const { clock, list, wait_ms, onWait, isStopping } = options;
  const until_ms = clock.monotonic() + wait_ms;
  for (let isFirst = true;; isFirst = false) {
    const left = await list();
    if (left.length === 0 || isStopping() || clock.monotonic() >= until_ms) return left;
    if (isFirst) onWait(left);
    await sleep(clock, Math.min(LOOK_EVERY_MS, until_ms - clock.monotonic()));
  }
}
