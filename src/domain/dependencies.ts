/** Checks a task's dependencies, and whether they are met. */
import { ApiError } from "./errors.ts";
import type { TaskRecord } from "./task_record.ts";
import type { Readiness } from "./transitions.ts";

type Lookup = (id: string) => TaskRecord | undefined;

const AVAILABLE_SHOWN = 20;

/**
 * Throws `TASK_DEPENDENCY_ERROR` for a dependency that does not exist or that is the task itself. No other cycle is
 * possible: a task depends only on tasks that already exist, and dependencies never change.
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
