/**
 * What the end of a task means for those that wait for it: they are released, or they fail with it, and so on down the
 * graph.
 */
import { isoTime } from "../clock/clock.ts";
import { readiness } from "./dependencies.ts";
import { isDue } from "./due.ts";
import type { TaskRecord, TaskState } from "./task_record.ts";
import { isFinished } from "./task_values.ts";
import { putBack, settle } from "./transitions.ts";

/**
 * How many states of other tasks one commit carries at most. Each may come with a dependency that was read, and the
 * store checks a hundred versions at once.
 */
const CASCADE_LIMIT = 45;

/** The tasks and who waits for whom. */
export interface Graph {
  find(id: string): TaskRecord | undefined;
  dependentsOf(id: string): Iterable<string>;
}

/**
 * The new states of tasks, and of those that follow: dependents of the tasks that have ended are released, or fail.
 * At most `limit` of these follow at once; the dispatcher settles the rest when it hears of the ends.
 */
export function cascade(
  graph: Graph,
  changed: ReadonlyMap<string, TaskState>,
  now_ms: number,
  limit = CASCADE_LIMIT,
): Map<string, TaskState> {
  const states = new Map(changed);
  const latest = (id: string): TaskRecord | undefined => {
    const task = graph.find(id);
    const state = states.get(id);
    return task && state ? { ...task, state } : task;
  };
  const todo = [...changed].filter(([, state]) => isFinished(state.status)).map(([id]) => id);
  for (let id = todo.shift(); id !== undefined; id = todo.shift()) {
    for (const child of graph.dependentsOf(id)) {
      const task = latest(child);
      if (!task || !isWaiting(task.state)) continue;
      const next = settled(task, readiness(task.spec.dependencies ?? [], latest), now_ms);
      if (next === task.state) continue;
      if (!changed.has(child) && states.size >= changed.size + limit) return states;
      states.set(child, next);
      if (isFinished(next.status)) todo.push(child);
    }
  }
  return states;
}

/**
 * The dependencies whose failure these new states follow from, without those that change with them. A plan has read
 * them: it is wrong when one of them is retried first. Completed ones never change again.
 */
export function failuresRead(states: ReadonlyMap<string, TaskState>): string[] {
  const read = new Set<string>();
  for (const { failed_dependency } of states.values()) {
    if (failed_dependency !== undefined && !states.has(failed_dependency)) read.add(failed_dependency);
  }
  return [...read];
}

/** Whether it waits for its dependencies. One that a client has paused still fails with them. */
function isWaiting(state: TaskState): boolean {
  return state.status === "pending" || (state.status === "paused" && state.paused_from === "pending");
}

/** Where a waiting task stands now; the same object when nothing changes. */
function settled(
  task: TaskRecord,
  ready: ReturnType<typeof readiness>,
  now_ms: number,
): TaskState {
  if (task.state.status === "paused" && ready.failed_dependency === undefined) return task.state;
  const next = settle(task.state, ready, isDue(task, now_ms), isoTime(now_ms));
  return next.status === task.state.status ? task.state : next;
}

/**
 * A task after another look at its dependencies and its time, if that changes it: one that waits, or one that failed
 * only with a dependency that is being retried.
 */
export function resettled(graph: Graph, task: TaskRecord, now_ms: number): TaskState | undefined {
  const ready = readiness(task.spec.dependencies ?? [], graph.find);
  if (isForgiven(graph, task)) {
    // With another failure among its dependencies it stays where it is, until that one is tried again, too.
    return ready.failed_dependency === undefined
      ? settle(putBack(task.state), ready, isDue(task, now_ms), isoTime(now_ms))
      : undefined;
  }
  if (!isWaiting(task.state)) return undefined;
  const next = settled(task, ready, now_ms);
  return next === task.state ? undefined : next;
}

/** Whether it failed only with a dependency, which has not failed any more. */
function isForgiven(graph: Graph, { state }: TaskRecord): boolean {
  if (state.status !== "failed" || state.failed_dependency === undefined) return false;
  const status = graph.find(state.failed_dependency)?.state.status;
  return status !== undefined && status !== "failed" && status !== "cancelled";
}

/**
 * The tasks that failed only because `id` did, directly or through others, as they wait again when it is retried. The
 * nearest come first, at most `limit` of them.
 */
export function dependencyFailures(
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
