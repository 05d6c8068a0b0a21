/** Has a queued task belong to this node: its lease, its claim, and the end of a claim that came to nothing. */
import { getLogger } from "@logtape/logtape";
import { isoTime, sleep } from "../clock/clock.ts";
import { type HeldLease, isSameLease, type Lease } from "../domain/lease.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import { claim, left } from "../store/queue.ts";
import type { AgentPlace } from "./holds/agent_places.ts";
import type { RunContext } from "./run_context.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** How long after a failed commit it is tried again. */
const RETRY_MS = 1000;

/** The lease of the task's next attempt. It depends on the node's own lease. */
export function nextLease(
  { node, epoch, until, lost }: RunContext["store"]["node"],
  { state }: TaskRecord,
): HeldLease {
  return { terms: { node, attempt: state.attempt + 1, fencing: epoch, until }, lost };
}

/**
 * Claims the task and returns its record under the lease; undefined if the task cannot be run any more. A failed
 * commit may still have been carried out, so the slot and the lease are kept until that is known.
 */
export async function claimed(
  { clock, store, holds }: RunContext,
  task: TaskRecord,
  lease: HeldLease,
  place: AgentPlace,
  isOpen: () => boolean,
): Promise<TaskRecord | undefined> {
  const { id } = task;
  const { agent } = place;
  // The agent may have come to be held since the task was chosen.
  const isHeld = () => holds.places.isHeld(task, agent);
  let hasEntered = false;
  do {
    try {
      // Not again after a claim, which may have been carried out.
      hasEntered ||= await holds.enter(task, place, lease.terms);
      if (!hasEntered) return undefined;
      const isVoid = (one: Lease) => store.node.isVoid(one);
      return await claim(store.tasks, task, lease.terms, agent, isoTime(clock.now()), isVoid, isHeld);
    } catch (error) {
      log.error("Task {id} could not be claimed, trying again: {error}", { id, error });
      await sleep(clock, RETRY_MS);
    }
  } while (isOpen() && !lease.lost.aborted);
  return undefined;
}

/** A task that was cancelled before its claim was known has no attempt that would say that it is over. */
export async function sayLeft(
  { clock, store }: RunContext,
  id: string,
  { terms, lost }: HeldLease,
): Promise<void> {
  const isOwn = (lease: Lease) => isSameLease(lease, terms);
  const isSaid = () => {
    const leaving = store.tasks.get(id)?.state.leaving;
    return leaving === undefined || !isOwn(leaving);
  };
  while (!isSaid() && !lost.aborted && !store.closed) {
    try {
      return await left(store.tasks, [id], isOwn);
    } catch (error) {
      log.error("It is not stored yet that the agent of task {id} is gone, trying again: {error}", {
        id,
        error,
      });
      await sleep(clock, RETRY_MS);
    }
  }
}
