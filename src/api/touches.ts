/** What requests read and change, so that a batch carries out at the same time those that do not depend on each other. */
import type { TaskQueries } from "../engine/task_queries.ts";

/** Ids of tasks and schedules, which have one namespace; or all of them. */
type Ids = ReadonlySet<string> | "all";

export interface Touches {
  reads: Ids;
  changes: Ids;
}

const NONE: Ids = new Set();

export const NOTHING: Touches = { reads: NONE, changes: NONE };

/** A request that reads tasks or schedules of any id. */
export const EVERY_TASK: Touches = { reads: "all", changes: NONE };

/** A new task or schedule. If a dependency is unknown, the error lists tasks that exist. */
export function creating(
  { id, dependencies = [] }: { id: string; dependencies?: readonly string[] },
  queries: Pick<TaskQueries, "has">,
): Touches {
  const areKnown = dependencies.every((other) => queries.has(other));
  return { reads: areKnown ? new Set(dependencies) : "all", changes: new Set([id]) };
}

/** A request about one task, whose view tells what it waits for. */
export function reading(id: string, queries: Pick<TaskQueries, "dependenciesOf">): Touches {
  return { reads: new Set([id, ...queries.dependenciesOf(id)]), changes: NONE };
}

/** A change of a task which may change those that depend on it. */
export function changing(
  id: string,
  queries: Pick<TaskQueries, "dependenciesOf" | "allDependentsOf">,
): Touches {
  return {
    reads: new Set(queries.dependenciesOf(id)),
    changes: new Set([id, ...queries.allDependentsOf(id)]),
  };
}

/** Whether two requests must be carried out one after the other. Undefined: a request that touches more than tasks. */
export function conflict(a: Touches | undefined, b: Touches | undefined): boolean {
  if (!a || !b) return true;
  return overlap(a.changes, b.changes) || overlap(a.changes, b.reads) || overlap(a.reads, b.changes);
}

function overlap(a: Ids, b: Ids): boolean {
  if (a === "all") return b === "all" || b.size > 0;
  if (b === "all") return a.size > 0;
  return !a.isDisjointFrom(b);
}
