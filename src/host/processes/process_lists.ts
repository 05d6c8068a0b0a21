/** Lists of all processes, shared by all who ask at about the same time: each costs a run of `ps` or a walk through /proc. */
import { type Clock, sleep } from "../../clock/clock.ts";
import { listRows, type ProcessRow } from "./process_rows.ts";

/** Each list that is returned was begun after it was asked for. */
export interface ProcessLists {
  /** The commands end with the environment, where it may be read. */
  withEnvironment(): Promise<ProcessRow[]>;
  withoutEnvironment(): Promise<ProcessRow[]>;
}

export function processLists(clock: Clock): ProcessLists {
  return {
    withEnvironment: shared(clock, () => listRows(clock, "all_with_environment")),
    withoutEnvironment: shared(clock, () => listRows(clock, "all")),
  };
}

/**
 * Calls `list` once for all who ask before that call begins. One call at a time: who asks during one gets the result of
 * the next, since the one under way may have missed what has changed since it began.
 */
export function shared<T>(clock: Clock, list: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;

  async function afterRunning(): Promise<T> {
    await running;
    // Programs that have ended at the same time are reported in the same turn of the event loop, one after another.
    await sleep(clock, 0);
    next = undefined;
    const result = list();
    running = result.catch(() => {});
    return await result;
  }

  return () => next ??= afterRunning();
}
