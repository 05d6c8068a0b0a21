/**
 * The verbs of the task queue. Each is one commit, made under the versions of the tasks that it has read. If another
 * commit comes first, on this node or on another, the verb decides again from the new state. So the functions that it
 * is given must only read. Each rejects with the store's error. The commit may then have been carried out or not.
 * Clients request inserts; the server itself calls the other verbs.
 *
 * The life of an attempt: insert → claim → (amend, advance …) → settle, or release. The lease that `claim` stores with the task
 * is kept by `renew` of `node_lease.ts`, for all tasks of the node together.
 */
import { failuresRead } from "../domain/cascade.ts";
import { type Actor, SERVER } from "../domain/actor.ts";
import { readiness } from "../domain/dependencies.ts";
import { ApiError } from "../domain/errors.ts";
import { beginsAnew, begunWith } from "../domain/inheritance.ts";
import { isLeaving, withoutLeaving } from "../domain/leaving.ts";
import type { Lease } from "../domain/lease.ts";
import {
  holdsSlot,
  isUnderWay,
  type TaskRecord,
  type TaskSpec,
  type TaskState,
} from "../domain/task_record.ts";
import { holds, started } from "../domain/attempt/task_transitions.ts";
import { deliveredBetween } from "../domain/turns.ts";
import type { Key } from "./kv/kv.ts";
import { userMessage } from "./messages.ts";
import type { View } from "./record_memory.ts";
import type { RecordStore } from "./record_store.ts";

export type TaskView = View<TaskSpec, TaskState>;
export type Tasks = Pick<RecordStore<TaskSpec, TaskState>, "get" | "update">;

/** New states by id: of the task itself, and of the tasks that its change affects. */
export type States = ReadonlyMap<string, TaskState>;

/** Other keys to change in the same commit. */
export interface Besides {
  sets?: { key: Key; value: Uint8Array }[];
  deletes?: Key[];
}

/** A new task, and the tasks that were read to create it. */
export interface NewRecord extends Besides {
  spec: TaskSpec;
  state: TaskState;
  reads: string[];
}

function changing(states: States) {
  return { updates: [...states].map(([id, state]) => ({ id, state })), reads: failuresRead(states) };
}

/**
 * Stores a new task. Its first state says whether it is queued or waits. Returns it once it is durable. Throws
 * `TASK_ALREADY_EXISTS`, and what `make` throws.
 */
export function insert(
  tasks: Tasks,
  id: string,
  make: (view: TaskView) => NewRecord,
  by: Actor,
): Promise<TaskRecord> {
  let record: TaskRecord;
  const stored = tasks.update((view) => {
    if (view.get(id)) {
      throw new ApiError("TASK_ALREADY_EXISTS", `Task with ID '${id}' already exists`, { task_id: id });
    }
    const { spec, state, ...besides } = make(view);
    record = { id, spec, state };
    return { creates: [record], ...besides };
  }, by);
  return stored.then(() => record);
}

/**
 * Claims a queued task for the attempt that the lease names. If several nodes claim it, exactly one succeeds. Returns
 * the running task, or undefined if it is no longer available, has to wait again for what it depends on, for the agent of an
 * attempt that was cancelled or for the provider (`isHeld`), or no longer has the spec that it was chosen by. Claiming again under the same lease, after a lost
 * answer, returns the task that is already held.
 */
export async function claim(
  tasks: Tasks,
  { id, spec }: Pick<TaskRecord, "id" | "spec">,
  lease: Lease,
  agent: string,
  at: string,
  isVoid: (lease: Lease) => boolean,
  isHeld: () => boolean = () => false,
): Promise<TaskRecord | undefined> {
  let record: TaskRecord | undefined;
  await tasks.update((view) => {
    const task = view.get(id);
    record = task && holds(task.state, lease) ? task : undefined;
    if (task?.state.status !== "queued" || task.state.attempt + 1 !== lease.attempt) return {};
    if (task.spec !== spec || isLeaving(task.state, isVoid) || isHeld() || task.state.parked) return {};
    // A dependency that was completed goes on if it gets a message.
    const dependencies = isUnderWay(task.state) ? [] : task.spec.dependencies ?? [];
    const { execution } = task.spec;
    if (!readiness({ dependencies, execution }, (other) => view.get(other)).ready) return {};
    const begun = beginsAnew(task.state)
      ? begunWith(task.spec, (other) => view.get(other))
      : task.state.begun_with;
    const state = { ...started(task, lease, agent, at), begun_with: begun };
    record = { ...task, state };
    // One that is not known here is removed, or another node has made it and this one has not heard of that yet.
    return { updates: [{ id, state }], sets: deliveries(id, task.state, state), reads: [...dependencies] };
  }, SERVER);
  return record;
}

/** What is stored of a message that this change makes the prompt of a turn. */
export function deliveries(id: string, before: TaskState, after: TaskState): Required<Besides>["sets"] {
  const message = deliveredBetween(before, after);
  const { turn = 1, attempt } = after;
  return message ? [userMessage(id, message, { turn, attempt, state: "delivered" })] : [];
}

/** Changes the task during its attempt, for example its progress. Does nothing, and returns false, if the lease is gone. */
export async function amend(
  tasks: Tasks,
  id: string,
  lease: Lease,
  change: (state: TaskState, task: TaskRecord) => TaskState,
): Promise<boolean> {
  return await advance(tasks, id, lease, (state, task) => ({ state: change(state, task) }));
}

/**
 * Changes the task during its attempt, with what belongs to the change: a turn ends and another one follows. Does nothing, and
 * returns false, if the lease is gone, or if `change` returns nothing.
 */
export async function advance(
  tasks: Tasks,
  id: string,
  lease: Lease,
  change: (state: TaskState, task: TaskRecord) => Besides & { state: TaskState } | undefined,
): Promise<boolean> {
  let isChanged = false;
  await tasks.update((view) => {
    const task = view.get(id);
    const next = task && holds(task.state, lease) ? change(task.state, task) : undefined;
    // The last decision counts: an earlier one may have come before the lease was lost.
    isChanged = next !== undefined;
    if (!next) return {};
    const { state, ...besides } = next;
    return { updates: [{ id, state }], ...besides };
  }, SERVER);
  return isChanged;
}

/**
 * Ends the attempt. `after` returns the new states of its task and of those that wait for it, and what is stored with them.
 * `isHeld`: whether the lease still holds; else the task was cancelled or taken over, and its status is not the attempt's to
 * change.
 */
export async function settle(
  tasks: Tasks,
  id: string,
  lease: Lease,
  after: (task: TaskRecord, view: TaskView, isHeld: boolean) => Besides & { states: States },
): Promise<void> {
  await tasks.update((view) => {
    const task = view.get(id);
    if (!task) return {};
    const { states, ...besides } = after(task, view, holds(task.state, lease));
    return { ...changing(states), ...besides };
  }, SERVER);
}

/** Notes of cancelled tasks that their agents are gone, if `isGone` says so of the lease that the attempt had. */
export async function left(
  tasks: Tasks,
  ids: readonly string[],
  isGone: (lease: Lease) => boolean,
): Promise<void> {
  await tasks.update((view) => ({
    updates: ids.flatMap((id) => {
      const state = view.get(id)?.state;
      return state?.leaving && isGone(state.leaving) ? [{ id, state: withoutLeaving(state) }] : [];
    }),
  }), SERVER);
}

/**
 * Releases running tasks whose attempts end without a result: a server that stops releases its own tasks; recovery,
 * those whose lease is void. A task is released only if `mayRelease` accepts its lease. `after` returns the new states
 * of the released tasks and of those that wait for them.
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
