/**
 * Which task's agent has started a task, as the server itself has seen by the agent's token. What the metadata says counts for
 * nothing: anyone can write that.
 */
import type { Actor } from "./actor.ts";
import type { TaskRecord } from "./task_record.ts";

/** How many delegations deep a task may be below the one that a person started. */
export const DELEGATION_DEPTH_MAX = 3;

/** The task whose agent has started this one. */
export function parentOf({ spec }: { spec: { created_by?: Actor } }): string | undefined {
  const { created_by } = spec;
  return created_by?.kind === "agent" ? created_by.id : undefined;
}

/** The tasks whose agents have started this one, directly or through others, as far as they are still there. */
export function ancestorsOf(task: TaskRecord, find: (id: string) => TaskRecord | undefined): TaskRecord[] {
  const above: TaskRecord[] = [];
  for (let below = task; above.length <= DELEGATION_DEPTH_MAX;) {
    const id = parentOf(below);
    const parent = id === undefined ? undefined : find(id);
    // One that is newer has only taken the id of the parent, which has been removed.
    if (parent === undefined || parent.spec.order >= below.spec.order) break;
    above.push(parent);
    below = parent;
  }
  return above;
}
