/** What follows the end of a turn: the wait for what it has left at work, and what the agent then does of itself. */
import { leftAfterWait, type LeftOptions } from "../reporting/left_running.ts";
import type { LeftProcess } from "../../domain/output.ts";
import type { OwnWorkWatch } from "./own_work.ts";

export interface AfterTurnOptions extends LeftOptions {
  own_work: OwnWorkWatch;
  /** Whether the agent may go on of itself. */
  mayGoOn: boolean;
  /** Whether the agent waits for a person. */
  isWaiting: () => boolean;
  /** Whether a message waits for the end of the turn. */
  hasNext: () => boolean;
}

/** Returns what is still at work once the agent has done what it does of itself. */
export async function afterTurn(options: AfterTurnOptions): Promise<LeftProcess[]> {
  const { own_work, mayGoOn, list, isPaused, isWaiting, isStopping, hasNext } = options;
  const { left, remaining_ms } = await leftAfterWait({
    ...options,
    isStopping: () => isStopping() || hasNext() && !own_work.isInTurn,
  });
  if (!mayGoOn) return left;
  const had_turns = own_work.turns;
  await own_work.quiet({
    wait_ms: remaining_ms,
    isOver: isStopping,
    isHeld: () => isPaused() || isWaiting(),
    hasNext,
  });
  return own_work.turns === had_turns ? left : await list();
}
