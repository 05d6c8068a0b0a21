/** Who has delegated a task: its metadata name its parent. */
import type { TaskRecord } from "./task_record.ts";

/** How many delegations deep a task may be below the one that a person started. */
export const DELEGATION_DEPTH_MAX = 3;

/** The task whose agent has started this one. */
export function parentOf({ spec }: TaskRecord): string | undefined {
  const parent = spec.metadata?.parent_task;
  return typeof parent === "string" ? parent : undefined;
}

/** Those that have delegated the task, directly or through others. */
export function ancestorsOf(
  task: TaskRecord,
  find: (id: string) => TaskRecord | undefined,
): ReadonlySet<string> {
  const ancestors = new Set<string>();
  for (let above: TaskRecord | undefined = task; above && ancestors.size < DELEGATION_DEPTH_MAX;) {
    const parent = parentOf(above);
    if (parent === undefined || parent === task.id || ancestors.has(parent)) break;
    ancestors.add(parent);
    above = find(parent);
  }
  return ancestors;
}
