/** The dependencies among the known tasks. */
import type { Task } from "../../../../domain/task.ts";

export interface Dependencies {
  tasks: ReadonlyMap<string, Task>;
  /** A task's dependencies, as far as they are known. */
  waitsFor: ReadonlyMap<string, readonly string[]>;
  /** The tasks that depend on a task. */
  waitedForBy: ReadonlyMap<string, readonly string[]>;
}

export function dependenciesOf(tasks: readonly Task[]): Dependencies {
  const known = new Map(tasks.map((task) => [task.id, task]));
  const waitsFor = new Map<string, readonly string[]>();
  const waitedForBy = new Map<string, string[]>();
  for (const { id, dependencies = [] } of tasks) {
    const own = dependencies.filter((other) => known.has(other));
    if (own.length > 0) waitsFor.set(id, own);
    for (const other of own) {
      const dependents = waitedForBy.get(other);
      if (dependents) dependents.push(id);
      else waitedForBy.set(other, [id]);
    }
  }
  return { tasks: known, waitsFor, waitedForBy };
}

export interface Choice {
  /** Only this task, its direct and indirect dependencies, and its direct and indirect dependents. */
  focus?: string | undefined;
  /** Only tasks with these ids; undefined: any. */
  fitting?: ReadonlySet<string> | undefined;
  /** Whether to include tasks without dependencies or dependents. */
  isAll: boolean;
}

/** The tasks to show, the newest first. */
export function chosen(all: Dependencies, { focus, fitting, isAll }: Choice): Task[] {
  const near = focus === undefined ? undefined : neighbourhood(all, focus);
  return [...all.tasks.values()].filter(({ id }) =>
    (fitting === undefined || fitting.has(id)) &&
    (near ? near.has(id) : isAll || all.waitsFor.has(id) || all.waitedForBy.has(id))
  );
}

function neighbourhood({ waitsFor, waitedForBy, tasks }: Dependencies, focus: string): Set<string> {
  const near = new Set<string>();
  for (const next of [waitsFor, waitedForBy]) {
    const open = [focus];
    const seen = new Set<string>();
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (seen.has(id) || !tasks.has(id)) continue;
      seen.add(id);
      near.add(id);
      open.push(...next.get(id) ?? []);
    }
  }
  return near;
}
