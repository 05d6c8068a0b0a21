/** Waits for what a turn has left at work. */
import { type Clock, sleep } from "../../clock/clock.ts";
import type { LeftProcess } from "../../domain/output.ts";

const LOOK_EVERY_MS = 500;

export interface LeftOptions {
  clock: Clock;
  list: () => Promise<LeftProcess[]>;
  /** How long to wait for them to end. It stands still while the task is paused. */
  wait_ms: number;
  /** Called once, if it waits. */
  onWait: (left: LeftProcess[]) => void;
  isPaused: () => boolean;
  /** Whether the run is being ended. */
  isStopping: () => boolean;
}

/** What is left at work after the wait, and how much of that remains. */
export async function leftAfterWait(
  options: LeftOptions,
): Promise<{ left: LeftProcess[]; remaining_ms: number }> {
  const { clock, list, onWait, isPaused, isStopping } = options;
  let remaining_ms = options.wait_ms;
  for (let isFirst = true;; isFirst = false) {
    const before = clock.monotonic();
    const left = await list();
    const isOver = left.length === 0 || remaining_ms <= 0;
    if (isStopping() || isOver && !isPaused()) return { left, remaining_ms };
    if (isFirst && !isOver) onWait(left);
    await sleep(clock, isPaused() ? LOOK_EVERY_MS : Math.min(LOOK_EVERY_MS, Math.max(remaining_ms, 1)));
    if (!isPaused()) remaining_ms -= clock.monotonic() - before;
  }
}
