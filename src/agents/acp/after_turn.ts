/** What follows the end of a turn: the wait for what it has left at work, and what the agent then does of itself. */
import { leftAfterWait, type LeftOptions } from "../reporting/left_running.ts";
import type { LeftProcess } from "../../domain/output.ts";
import type { OwnWorkWatch } from "./own_work.ts";

export interface AfterTurnOptions extends LeftOptions {
  own_work: OwnWorkWatch;
}

/** `left`: what is still at work then. `times`: how often the agent has gone on of itself. */
export async function afterTurn(options: AfterTurnOptions): Promise<{ left: LeftProcess[]; times: number }> {
  const { clock, own_work, list, wait_ms, isStopping } = options;
  const ended_ms = clock.monotonic();
  own_work.turnEnded();
  let hasWaited = false;
  const onWait = (left: LeftProcess[]) => {
    hasWaited = true;
    options.onWait(left);
  };
  const left = await leftAfterWait({ ...options, onWait });
  // An agent that has nothing to wait for does nothing of itself.
  if (left.length === 0 && !hasWaited && !own_work.isOpen) return { left, times: 0 };
  const times = await own_work.quiet(wait_ms - (clock.monotonic() - ended_ms), isStopping);
  return { left: left.length === 0 && times === 0 ? left : await list(), times };
}
