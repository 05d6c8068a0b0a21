/** Checks a task's dependencies, and whether they are met. */
import { ApiError } from "./errors.ts";
import type { After } from "./task.ts";
import type { TaskRecord, TaskSpec, TaskState } from "./task_record.ts";
import { isFinished } from "./task_values.ts";
import { tenantOf } from "./tenant_id.ts";
import type { Readiness } from "./transitions.ts";

type Lookup = (id: string) => TaskRecord | undefined;

const AVAILABLE_SHOWN = 20;

/**
 * Throws `TASK_DEPENDENCY_ERROR` for a dependency that does not exist or that is the task itself. No other cycle is
 * possible for a new task, since it depends only on tasks that already exist.
 */
export function checkDependencies(
  id: string,
  dependencies: readonly string[],
  find: Lookup,
  known: () => Iterable<string>,
): void {
  for (const dependency of dependencies) {
    if (dependency === id) {
      throw new ApiError("TASK_DEPENDENCY_ERROR", `Task '${id}' cannot depend on itself`, {
        task_id: id,
        dependency_id: dependency,
      });
    }
    if (find(dependency)) continue;
    const available: string[] = [];
    for (const other of known()) {
      if (available.length === AVAILABLE_SHOWN) break;
      if (tenantOf(other) === tenantOf(id)) available.push(other);
    }
    throw new ApiError("TASK_DEPENDENCY_ERROR", `Task dependency '${dependency}' does not exist`, {
      task_id: id,
      dependency_id: dependency,
      available_tasks: available,
    });
  }
}

/**
 * All tasks that these depend on, directly or through others, with themselves, the nearest first. Throws
 * `TASK_DEPENDENCY_ERROR` if `id` is among them.
 */
export function requireNoCycle(id: string, dependencies: readonly string[], find: Lookup): string[] {
  /** Each with the task that depends on it. */
  const by = new Map<string, string>(dependencies.map((dependency) => [dependency, id]));
  for (const dependency of by.keys()) {
    if (dependency === id) throw cycle(id, by);
    for (const further of find(dependency)?.spec.dependencies ?? []) {
      if (!by.has(further)) by.set(further, dependency);
    }
  }
  return [...by.keys()].filter((dependency) => find(dependency) !== undefined);
}

/** The tasks that this one depends on, directly or through others, the nearest first. */
export function allDependencies({ id, spec }: TaskRecord, find: Lookup): TaskRecord[] {
  return requireNoCycle(id, spec.dependencies ?? [], find).map((dependency) => find(dependency)!);
}

function cycle(id: string, by: ReadonlyMap<string, string>): ApiError {
  const way = [id];
  do way.unshift(by.get(way[0]!)!); while (way[0] !== id);
  return new ApiError("TASK_DEPENDENCY_ERROR", `Tasks would wait for each other: ${way.join(" → ")}`, {
    task_id: id,
    dependency_id: way[1],
    cycle: way,
  });
}

/** What a dependency is to the tasks that wait for it. */
export type Standing = "open" | "done" | "failed" | "discarded";

/** `after`: what the task that waits asks for. One that has nothing to accept is done when it is completed. */
export function standingOf(
  { status, review = "none" }: Pick<TaskState, "status" | "review">,
  after: After = "completed",
): Standing {
  if (after === "accepted" && isFinished(status)) {
    // A person may accept what a failed task has done.
    if (review === "accepted") return "done";
    if (review === "discarded") return "discarded";
  }
  if (status === "failed" || status === "cancelled") return "failed";
  if (status !== "completed") return "open";
  return after === "completed" || review === "none" ? "done" : "open";
}

/** What a task says about its dependencies. */
export type Waiting = Pick<TaskSpec, "dependencies" | "execution">;

/** The dependencies that are not done yet. Those that retention has removed do not count. */
export function openDependencies({ dependencies = [], execution }: Waiting, find: Lookup): string[] {
  return dependencies.filter((id) => {
    const task = find(id);
    return task !== undefined && standingOf(task.state, execution?.after) !== "done";
  });
}

/** Whether all dependencies are done, or one has failed. */
export function readiness(spec: Waiting, find: Lookup): Readiness {
  const open = openDependencies(spec, find);
  for (const id of open) {
    const standing = standingOf(find(id)!.state, spec.execution?.after);
    if (standing === "failed") return { ready: false, failed_dependency: id };
    if (standing === "discarded") return { ready: false, failed_dependency: id, isDiscarded: true };
  }
  return { ready: open.length === 0 };
}
