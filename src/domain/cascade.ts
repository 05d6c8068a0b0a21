/**
 * What the end of a task means for those that wait for it: they are released, or they fail with it, and so on
 * down the graph. Pure: reads through lookups, answers the new states.
 */
import { epochOf } from "../clock/clock.ts";
import { readiness } from "./dependencies.ts";
import { isFinished, type TaskRecord, type TaskState } from "./task_record.ts";
import { putBack, settle } from "./transitions.ts";

/**
 * How many other tasks' states one commit may carry besides the task's own. Each may come with a dependency that was
 * read, and the store checks a hundred versions at once.
 */
export const CASCADE_LIMIT = 45;

export interface Graph {
  find(id: string): TaskRecord | undefined;
  dependentsOf(id: string): Iterable<string>;
}

/** When the task may start at the earliest, in epoch milliseconds: its scheduled time, or its next attempt's. */
export function dueAt({ spec, state }: Pick<TaskRecord, "spec"> & Partial<TaskRecord>): number | undefined {
  const times = [spec.scheduled_time, state?.not_before].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.max(...times.map(epochOf));
}

export function isDue(task: Parameters<typeof dueAt>[0], now_ms: number): boolean {
  return (dueAt(task) ?? now_ms) <= now_ms;
}

export interface Cascade {
  states: Map<string, TaskState>;
  /** Tasks whose dependents have not been looked at, because `limit` states were reached. */
  unfinished: string[];
}

/**
 * The new states that follow from `ended` (id → its new state), without those themselves, at most `limit`.
 * @param at the time of the change, ISO 8601
 */
export function cascade(
  graph: Graph,
  ended: ReadonlyMap<string, TaskState>,
  now_ms: number,
  at: string,
  limit: number,
): Cascade {
  const states = new Map<string, TaskState>();
  const latest = (id: string): TaskRecord | undefined => {
    const task = graph.find(id);
    const state = states.get(id) ?? ended.get(id);
    return task && state ? { ...task, state } : task;
  };
  const todo = [...ended.keys()];
  for (let id = todo.shift(); id !== undefined; id = todo.shift()) {
    for (const child of graph.dependentsOf(id)) {
      const task = latest(child);
      if (!task || !isWaiting(task.state)) continue;
      if (states.size >= limit) return { states, unfinished: [id, ...todo] };
      const next = settled(task, readiness(task.spec.dependencies ?? [], latest), now_ms, at);
      if (next === task.state) continue;
      states.set(child, next);
      if (isFinished(next.status)) todo.push(child);
    }
  }
  return { states, unfinished: [] };
}

/**
 * The dependencies whose failure these new states follow from, besides those that change with them: the plan has read
 * them, and is wrong when one of them is retried first. Completed ones never change again.
 */
export function failuresRead(states: ReadonlyMap<string, TaskState>): string[] {
  const read = new Set<string>();
  for (const { failed_dependency } of states.values()) {
    if (failed_dependency !== undefined && !states.has(failed_dependency)) read.add(failed_dependency);
  }
  return [...read];
}

/** Waiting for a dependency; held back by a client, it still fails with its dependency. */
function isWaiting(state: TaskState): boolean {
  return state.status === "pending" || (state.status === "paused" && state.paused_from === "pending");
}

/** Where a waiting task stands now; the same object when nothing changes. */
function settled(
  task: TaskRecord,
  ready: ReturnType<typeof readiness>,
  now_ms: number,
  at: string,
): TaskState {
  if (task.state.status === "paused" && ready.failed_dependency === undefined) return task.state;
  const next = settle(task.state, ready, isDue(task, now_ms), at);
  return next.status === task.state.status ? task.state : next;
}

/**
 * The state of a task after its dependencies and its time are looked at again: of one that waits, or that failed only
 * for a dependency which is being tried again. Undefined: unchanged.
 */
export function resettled(graph: Graph, task: TaskRecord, now_ms: number, at: string): TaskState | undefined {
  const ready = readiness(task.spec.dependencies ?? [], graph.find);
  if (isForgiven(graph, task)) {
    // With another failure among its dependencies it stays where it is, until that one is tried again, too.
    return ready.failed_dependency === undefined
      ? settle(putBack(task.state), ready, isDue(task, now_ms), at)
      : undefined;
  }
  if (!isWaiting(task.state)) return undefined;
  const next = settled(task, ready, now_ms, at);
  return next === task.state ? undefined : next;
}

/** Whether it failed for a dependency alone, and that is no failure any more. */
function isForgiven(graph: Graph, { state }: TaskRecord): boolean {
  if (state.status !== "failed" || state.failed_dependency === undefined) return false;
  const status = graph.find(state.failed_dependency)?.state.status;
  return status !== undefined && status !== "failed" && status !== "cancelled";
}

/**
 * Those that failed only because `id` did, directly or through others, the nearest first and at most `limit`: they wait
 * again when it is retried.
 */
export function dependencyFailures(graph: Graph, id: string, limit: number): Map<string, TaskState> {
  const states = new Map<string, TaskState>();
  const todo = [id];
  for (let failed = todo.shift(); failed !== undefined; failed = todo.shift()) {
    for (const child of graph.dependentsOf(failed)) {
      const task = graph.find(child);
      if (!task || states.has(child) || task.state.failed_dependency !== failed) continue;
      if (states.size >= limit) return states;
      states.set(child, putBack(task.state));
      todo.push(child);
    }
  }
  return states;
}
