/** Indexes the tasks in memory: who depends on whom, and how many have each status. */
import type { TaskStatus } from "../domain/task.ts";
import { TaskStatus as Statuses } from "../domain/task.ts";
import type { Graph } from "../domain/cascade.ts";
import { checkDependencies } from "../domain/dependencies.ts";
import type { Notifier } from "../store/notifier.ts";
import { TaskColumns, type TaskFacts } from "./task_columns.ts";
import type { TaskRecord } from "../domain/task_record.ts";

/** The part of the store that reads from memory. */
export interface TaskMemory {
  get(id: string): TaskRecord | undefined;
  values(): Iterable<TaskRecord>;
  readonly size: number;
}

export class TaskIndex implements Graph {
  readonly #memory: TaskMemory;
  readonly #dependents = new Map<string, Set<string>>();
  readonly #counts = new Map<TaskStatus, number>(Statuses.options.map((status) => [status, 0]));
  readonly columns: TaskColumns;
  #lastOrder = 0;

  /** Listeners that ask the index about a change must subscribe after it. */
  constructor(memory: TaskMemory, changes: Notifier, facts?: TaskFacts) {
    this.#memory = memory;
    this.columns = new TaskColumns(facts);
    for (const task of memory.values()) this.#note(undefined, task);
    changes.subscribe("task", (some) => {
      for (const { before, after } of some) this.#note(before, after);
    });
  }

  find = (id: string): TaskRecord | undefined => this.#memory.get(id);

  all(): Iterable<TaskRecord> {
    return this.#memory.values();
  }

  *ids(): Iterable<string> {
    for (const { id } of this.#memory.values()) yield id;
  }

  get size(): number {
    return this.#memory.size;
  }

  count(status: TaskStatus): number {
    return this.#counts.get(status) ?? 0;
  }

  dependentsOf(id: string): Iterable<string> {
    return this.#dependents.get(id) ?? [];
  }

  /** The graph with the tasks as `view` sees them. */
  graphOf(view: Pick<TaskMemory, "get">): Graph {
    return { find: (id) => view.get(id), dependentsOf: (id) => this.dependentsOf(id) };
  }

  /** The `order` of the next task. */
  nextOrder(): number {
    return ++this.#lastOrder;
  }

  #note(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    if (before) this.#counts.set(before.state.status, this.count(before.state.status) - 1);
    if (after) this.#counts.set(after.state.status, this.count(after.state.status) + 1);
    if (after) this.columns.set(after);
    else if (before) this.columns.remove(before.id);
    if (before?.spec === after?.spec) return;
    if (before) this.#removed(before);
    if (after) this.#added(after);
  }

  #added(task: TaskRecord): void {
    this.#lastOrder = Math.max(this.#lastOrder, task.spec.order);
    for (const dependency of task.spec.dependencies ?? []) {
      const dependents = this.#dependents.get(dependency);
      if (dependents) dependents.add(task.id);
      else this.#dependents.set(dependency, new Set([task.id]));
    }
  }

  #removed(task: TaskRecord): void {
    for (const dependency of task.spec.dependencies ?? []) {
      const dependents = this.#dependents.get(dependency);
      dependents?.delete(task.id);
      if (dependents?.size === 0) this.#dependents.delete(dependency);
    }
  }
}

/** Throws `TASK_DEPENDENCY_ERROR` if a dependency does not exist or is the task itself. */
export function requireDependencies(id: string, dependencies: readonly string[], tasks: TaskMemory): void {
  checkDependencies(id, dependencies, (other) => tasks.get(other), function* () {
    for (const task of tasks.values()) yield task.id;
  });
}

/** The dependencies that exist: a plan has read them, and they must be unchanged at the commit. */
export function present(dependencies: readonly string[], tasks: TaskMemory): string[] {
  return dependencies.filter((id) => tasks.get(id) !== undefined);
}
