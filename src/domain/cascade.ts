/**
 * What a task's end and its retry do to its dependents, and so on down the graph. When it ends, those that wait are
 * released or fail with it. When it is retried, those that failed with it wait again.
 */
import { isoTime } from "../clock/clock.ts";
import { readiness } from "./dependencies.ts";
import { isDue } from "./due.ts";
import { isUnderWay, type TaskRecord, type TaskState } from "./task_record.ts";
import { isFinished } from "./task_values.ts";
import { putBack, settle } from "./transitions.ts";

/**
 * The most states of other tasks in one commit. Each may come with a dependency that was read, and the store checks at
 * most a hundred versions in a commit.
 */
const CASCADE_LIMIT = 45;

/** The tasks and their dependents. */
export interface Graph {
  find(id: string): TaskRecord | undefined;
  dependentsOf(id: string): Iterable<string>;
}

/** Finds tasks as they are with the changed states. */
function asChanged(graph: Graph, states: ReadonlyMap<string, TaskState>) {
  return (id: string): TaskRecord | undefined => {
    const task = graph.find(id);
    const state = states.get(id);
    return task && state ? { ...task, state } : task;
  };
}

/**
 * Adds to the changed states those that follow from them: dependents of ended tasks are released or fail. At most
 * `limit` follow at once; the dispatcher settles the rest when it learns that the tasks have ended.
 */
export function cascade(
  graph: Graph,
  changed: ReadonlyMap<string, TaskState>,
  now_ms: number,
  limit = CASCADE_LIMIT,
): Map<string, TaskState> {
  const states = new Map(changed);
  const latest = asChanged(graph, states);
  const todo = [...changed].filter(([, state]) => isFinished(state.status)).map(([id]) => id);
  for (let id = todo.shift(); id !== undefined; id = todo.shift()) {
    for (const child of graph.dependentsOf(id)) {
      const task = latest(child);
      if (!task || !isWaiting(task.state)) continue;
      const next = settled(task, readiness(task.spec, latest), now_ms);
      if (next === task.state) continue;
      if (!changed.has(child) && states.size >= changed.size + limit) return states;
      states.set(child, next);
      if (isFinished(next.status)) todo.push(child);
    }
  }
  return states;
}

/**
 * Adds to the changed states those of the dependents that are queued although a dependency goes on: they wait again. At most
 * `limit` at once; the dispatcher sees to the rest when it learns that the task goes on.
 */
export function waitAgain(
  graph: Graph,
  changed: ReadonlyMap<string, TaskState>,
  now_ms: number,
  limit = CASCADE_LIMIT,
): Map<string, TaskState> {
  const states = new Map(changed);
  const latest = asChanged(graph, states);
  for (const id of changed.keys()) {
    for (const child of graph.dependentsOf(id)) {
      if (states.size >= changed.size + limit) return states;
      const task = latest(child);
      if (task?.state.status !== "queued" || states.has(child)) continue;
      const next = settled(task, readiness(task.spec, latest), now_ms);
      if (next !== task.state) states.set(child, next);
    }
  }
  return states;
}

/**
 * The failed dependencies that these new states rely on, except those that change in the same commit. If one of them
 * is retried first, the states are wrong. A completed one that goes on is seen when the task is claimed.
 */
export function failuresRead(states: ReadonlyMap<string, TaskState>): string[] {
  const read = new Set<string>();
  for (const { failed_dependency } of states.values()) {
    if (failed_dependency !== undefined && !states.has(failed_dependency)) read.add(failed_dependency);
  }
  return [...read];
}

/** Whether a task waits for its dependencies. A paused one counts, because it still fails with them. */
function isWaiting(state: TaskState): boolean {
  return state.status === "pending" || (state.status === "paused" && state.paused_from === "pending");
}

/** The new state of a waiting task; the same object if nothing changes. */
function settled(
  task: TaskRecord,
  ready: ReturnType<typeof readiness>,
  now_ms: number,
): TaskState {
  // A paused one only fails.
  const fails = ready.failed_dependency !== undefined && !isUnderWay(task.state);
  if (task.state.status === "paused" && !fails) return task.state;
  // Its time has come by the clock of the node that has queued it, which may be ahead of this one's.
  const due = task.state.status === "queued" || isDue(task, now_ms);
  const next = settle(task.state, ready, due, isoTime(now_ms));
  return next.status === task.state.status ? task.state : next;
}

/**
 * Checks a task's dependencies and time again. Returns the new state of a task that waits, or that failed only because
 * of a dependency that is being retried; undefined if nothing changes.
 */
export function resettled(graph: Graph, task: TaskRecord, now_ms: number): TaskState | undefined {
  const ready = readiness(task.spec, graph.find);
  if (isForgiven(graph, task)) {
    // If another dependency has failed, the task stays failed until that one is retried as well.
    return ready.failed_dependency === undefined
      ? settle(putBack(task.state), ready, isDue(task, now_ms), isoTime(now_ms))
      : undefined;
  }
  // A queued one waits again if what it depends on goes on.
  if (!isWaiting(task.state) && task.state.status !== "queued") return undefined;
  const next = settled(task, ready, now_ms);
  return next === task.state ? undefined : next;
}

/** Whether a task failed only because of a dependency that is no longer failed. */
function isForgiven(graph: Graph, { state }: TaskRecord): boolean {
  if (state.status !== "failed" || state.failed_dependency === undefined) return false;
  const dependency = graph.find(state.failed_dependency)?.state;
  if (dependency === undefined || dependency.keeps_dependents) return false;
  return dependency.status !== "failed" && dependency.status !== "cancelled";
}

/**
 * The new states, when `id` is retried, of the tasks that failed only because it did, directly or through others: they
 * wait again. The nearest come first, at most `limit` of them.
 */
export function putBackByRetry(
  graph: Graph,
  id: string,
  limit = CASCADE_LIMIT,
): Map<string, TaskState> {
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
