/** Recovers tasks whose attempt was lost: queues them again, or fails them if their attempts are used up. */
import { isoTime } from "../clock/clock.ts";
import { cascade } from "../domain/cascade.ts";
import { executionOf, holdsSlot, type TaskRecord } from "../domain/task_record.ts";
import type { Lease } from "../domain/lease.ts";
import { followedUp } from "../domain/reopening.ts";
import { isPrompted } from "../domain/transitions.ts";
import { recovered } from "../domain/attempt/task_transitions.ts";
import { left, release, type States, type TaskView } from "../store/queue.ts";
import type { RunContext } from "./run_context.ts";

/** How many tasks one commit releases. The consequences of their failure must fit into the same commit. */
const BATCH = 10;

/** Why the tasks lose their attempts: their leases are void, or this server shuts down. */
type Reason = "lost" | "shutdown";

type Context = Pick<RunContext, "index" | "clock" | "store" | "max_attempts">;

/** Recovers the tasks whose lease is void. Returns how many there were, after the commits. */
export async function recoverLost(context: Context): Promise<number> {
  const { index, store: { node } } = context;
  const lost: string[] = [];
  for (const { id, state } of index.all()) {
    if (holdsSlot(state) && (!state.lease || node.isVoid(state.lease))) lost.push(id);
  }
  await releaseAll(context, lost, "lost");
  return lost.length;
}

/**
 * Notes of cancelled tasks whose agents are gone with their node's lease that another attempt may begin. To be called once the
 * agents of an earlier server are ended.
 */
export async function clearLeft({ index, store: { tasks, node } }: Context): Promise<void> {
  const isVoid = (lease: Lease) => node.isVoid(lease);
  const gone: string[] = [];
  for (const { id, state } of index.all()) if (state.leaving && isVoid(state.leaving)) gone.push(id);
  for (let at = 0; at < gone.length; at += BATCH) await left(tasks, gone.slice(at, at + BATCH), isVoid);
}

/** Releases this node's own tasks because the server stops. That does not count as a failed attempt. */
export async function releaseOwn(context: Context, ids: string[]): Promise<void> {
  await releaseAll(context, ids, "shutdown");
}

async function releaseAll(context: Context, ids: string[], reason: Reason): Promise<void> {
  const { tasks, node } = context.store;
  for (let at = 0; at < ids.length; at += BATCH) {
    await release(
      tasks,
      ids.slice(at, at + BATCH),
      (lease) => reason === "shutdown" ? node.isOwn(lease) : !lease || node.isVoid(lease),
      (released, view) => statesAfter(context, released, view, reason),
    );
  }
}

function statesAfter(
  { index, clock, max_attempts, store: { node } }: Context,
  released: TaskRecord[],
  view: TaskView,
  reason: Reason,
): States {
  const now = clock.now();
  const states = new Map(released.map((task) => {
    const attempts = executionOf(task).max_attempts ?? max_attempts;
    // Where others share the store, agents are ended before their leases are void or given back.
    const how = { orderly: reason === "shutdown", isLeaving: node.until === undefined };
    const state = recovered(task, attempts, how, isoTime(now));
    return [task.id, followedUp(state, isPrompted(state) ?? false)] as const;
  }));
  return cascade(index.graphOf(view), states, now);
}
