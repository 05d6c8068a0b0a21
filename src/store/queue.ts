/**
 * The verbs of the task queue. Each is one commit, made under the versions of the tasks it looked at: when another
 * commit comes first, on this node or on another, it is decided again from what stands then. What it is given must
 * only read. Each rejects with what the store says; whether the commit was carried out is then not known.
 * A client asks for an insert; the others are the server's own doing.
 *
 * The life of an attempt: insert → claim → (amend …) → settle, or release. The lease that `claim` stores with the
 * task is kept by `renew` of `node_lease.ts`, for all tasks of the node together.
 */
import { failuresRead } from "../domain/cascade.ts";
import { type Actor, SERVER } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import type { Lease } from "../domain/lease.ts";
import { holdsSlot, type TaskRecord, type TaskSpec, type TaskState } from "../domain/task_record.ts";
import { holds, started } from "../domain/attempt/task_transitions.ts";
import type { Key } from "./kv/kv.ts";
import type { View } from "./record_memory.ts";
import type { RecordStore } from "./record_store.ts";

export type TaskView = View<TaskSpec, TaskState>;
export type Tasks = Pick<RecordStore<TaskSpec, TaskState>, "get" | "update">;

/** New states by id: of the task itself, and of those that its change has consequences for. */
export type States = ReadonlyMap<string, TaskState>;

/** Keys that belong to the same commit. */
export interface Besides {
  sets?: { key: Key; value: Uint8Array }[];
  deletes?: Key[];
}

/** A new task, and the tasks that it was made by the look of. */
export interface NewRecord {
  spec: TaskSpec;
  state: TaskState;
  reads: string[];
}

function changing(states: States) {
  return { updates: [...states].map(([id, state]) => ({ id, state })), reads: failuresRead(states) };
}

/**
 * Stores a new task, whose first state says whether it is queued or waits. Returns it once it is durable. Throws
 * `TASK_ALREADY_EXISTS`, and what `make` throws.
 */
export async function insert(
  tasks: Tasks,
  id: string,
  make: (view: TaskView) => NewRecord,
  by: Actor,
): Promise<TaskRecord> {
  let record: TaskRecord | undefined;
  await tasks.update((view) => {
    if (view.get(id)) {
      throw new ApiError("TASK_ALREADY_EXISTS", `Task with ID '${id}' already exists`, { task_id: id });
    }
    const { spec, state, reads } = make(view);
    record = { id, spec, state };
    return { creates: [record], reads };
  }, by);
  return record!;
}

/**
 * Takes a queued task for the attempt that the lease names: of several nodes that claim it one succeeds. Returns the
 * running task, or undefined when it is not to be had any more. Claiming again under the same lease, after an answer
 * that was lost, returns the task that is held already.
 */
export async function claim(
  tasks: Tasks,
  id: string,
  lease: Lease,
  agent: string,
  at: string,
): Promise<TaskRecord | undefined> {
  let record: TaskRecord | undefined;
  await tasks.update((view) => {
    const task = view.get(id);
    record = task && holds(task.state, lease) ? task : undefined;
    if (task?.state.status !== "queued" || task.state.attempt + 1 !== lease.attempt) return {};
    record = { ...task, state: started(task, lease, agent, at) };
    return { updates: [{ id, state: record.state }] };
  }, SERVER);
  return record;
}

/** Changes the task in the middle of its attempt, its progress for example. Does nothing when the lease is gone. */
export async function amend(
  tasks: Tasks,
  id: string,
  lease: Lease,
  change: (state: TaskState) => TaskState,
): Promise<void> {
  await tasks.update((view) => {
    const task = view.get(id);
    if (!task || !holds(task.state, lease)) return {};
    return { updates: [{ id, state: change(task.state) }] };
  }, SERVER);
}

/**
 * Ends the attempt: `after` says what becomes of its task and of those that wait for it. When the lease is gone (the
 * task was cancelled, or taken over), only what comes besides is stored: what the attempt has put out until then.
 */
export async function settle(
  tasks: Tasks,
  id: string,
  lease: Lease,
  after: (task: TaskRecord, view: TaskView) => States,
  besides: Besides,
): Promise<void> {
  await tasks.update((view) => {
    const task = view.get(id);
    if (!task) return {};
    return holds(task.state, lease) ? { ...changing(after(task, view)), ...besides } : besides;
  }, SERVER);
}

/**
 * Gives running tasks back whose attempts end without a result: a server that stops gives back its own, recovery
 * those whose lease is void. `mayRelease` is asked of each lease; a task under any other is left alone. `after` says
 * what becomes of the others and of those that wait for them.
 */
export async function release(
  tasks: Tasks,
  ids: readonly string[],
  mayRelease: (lease: Lease | undefined) => boolean,
  after: (released: TaskRecord[], view: TaskView) => States,
): Promise<void> {
  await tasks.update((view) => {
    const released = ids.flatMap((id) => view.get(id) ?? []).filter(({ state }) =>
      holdsSlot(state) && mayRelease(state.lease)
    );
    return released.length > 0 ? changing(after(released, view)) : {};
  }, SERVER);
}
