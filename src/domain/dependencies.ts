/** Checks a task's dependencies, and whether they are met. */
import { ApiError } from "./errors.ts";
import type { TaskRecord } from "./task_record.ts";
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
      available.push(other);
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

function cycle(id: string, by: ReadonlyMap<string, string>): ApiError {
  const way = [id];
  do way.unshift(by.get(way[0]!)!); while (way[0] !== id);
  return new ApiError("TASK_DEPENDENCY_ERROR", `Tasks would wait for each other: ${way.join(" → ")}`, {
    task_id: id,
    dependency_id: way[1],
    cycle: way,
  });
}

/** Whether all dependencies are completed, or one has failed. Dependencies that retention has removed do not count. */
export function readiness(dependencies: readonly string[], find: Lookup): Readiness {
  let ready = true;
  for (const id of dependencies) {
    const status = find(id)?.state.status;
    if (status === "failed" || status === "cancelled") return { ready: false, failed_dependency: id };
    if (status !== undefined && status !== "completed") ready = false;
  }
  return { ready };
}
