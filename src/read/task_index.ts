/** Indexes the tasks in memory: who depends on whom, and how many have each status. */
import type { TaskStatus } from "../domain/task.ts";
import { TaskStatus as Statuses } from "../domain/task.ts";
import type { Graph } from "../domain/cascade.ts";
import { checkDependencies } from "../domain/dependencies.ts";
import { countedBytes } from "../domain/waiting_bytes.ts";
import type { Notifier } from "../store/notifier.ts";
import { TaskColumns, type TaskFacts } from "./task_columns.ts";
import { DELEGATION_DEPTH_MAX, parentOf } from "../domain/delegation.ts";
import { usageOf } from "../domain/task_usage.ts";
import type { UsageSums } from "../domain/usage.ts";
import { totalOf } from "../domain/usage_sums.ts";
import { holdsSlot, type TaskRecord } from "../domain/task_record.ts";
import { isFinished } from "../domain/task_values.ts";

/** The part of the store that reads from memory. */
export interface TaskMemory {
  get(id: string): TaskRecord | undefined;
  values(): Iterable<TaskRecord>;
  readonly size: number;
}

export class TaskIndex implements Graph {
  readonly #memory: TaskMemory;
  readonly #dependents = new Map<string, Set<string>>();
  /** The tasks that each task's agent has started itself. */
  readonly #children = new Map<string, Set<string>>();
  readonly #counts = new Map<TaskStatus, number>(Statuses.options.map((status) => [status, 0]));
  readonly columns: TaskColumns;
  /** Of the tasks that wait and are larger than most. */
  readonly #waiting = new Map<string, number>();
  #waitingBytes = 0;
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

  /** The tasks that the task's agent has started itself, and that are still there. */
  *childrenOf({ id, spec }: Pick<TaskRecord, "id" | "spec">): Iterable<TaskRecord> {
    for (const child_id of this.#children.get(id) ?? []) {
      const child = this.find(child_id);
      // One that is older is a child of another task, which had the same id.
      if (child !== undefined && child.spec.order > spec.order) yield child;
    }
  }

  /**
   * What the tasks that the task's agent has started have used, directly or through others, also those that are gone;
   * undefined if there is nothing.
   */
  usedBelow(id: string): UsageSums | undefined {
    const task = this.find(id);
    if (task === undefined) return undefined;
    const sums = [...this.#sumsBelow(task, 0)];
    return sums.length === 0 ? undefined : totalOf(sums);
  }

  *#sumsBelow(task: TaskRecord, depth: number): Iterable<UsageSums> {
    if (task.state.below_gone) yield task.state.below_gone;
    if (depth === DELEGATION_DEPTH_MAX) return;
    for (const child of this.childrenOf(task)) {
      const used = usageOf(child.state);
      if (used) yield used;
      yield* this.#sumsBelow(child, depth + 1);
    }
  }

  /** The graph with the tasks as `view` sees them. */
  graphOf(view: Pick<TaskMemory, "get">): Graph {
    return { find: (id) => view.get(id), dependentsOf: (id) => this.dependentsOf(id) };
  }

  /** What the tasks that wait hold together beyond what is free, in bytes, without the one with this id. */
  waitingBytesBeside(id: string): number {
    return this.#waitingBytes - (this.#waiting.get(id) ?? 0);
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
    if (before?.spec !== after?.spec || waits(before) !== waits(after)) this.#weigh(before, after);
    if (before?.spec === after?.spec) return;
    if (before) this.#removed(before);
    if (after) this.#added(after);
  }

  #weigh(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    const { id } = (after ?? before)!;
    this.#waitingBytes -= this.#waiting.get(id) ?? 0;
    this.#waiting.delete(id);
    const bytes = after && waits(after) ? countedBytes(after.spec) : 0;
    if (bytes === 0) return;
    this.#waiting.set(id, bytes);
    this.#waitingBytes += bytes;
  }

  #added(task: TaskRecord): void {
    this.#lastOrder = Math.max(this.#lastOrder, task.spec.order);
    for (const dependency of task.spec.dependencies ?? []) gather(this.#dependents, dependency, task.id);
    const parent = parentOf(task);
    if (parent !== undefined) gather(this.#children, parent, task.id);
  }

  #removed(task: TaskRecord): void {
    for (const dependency of task.spec.dependencies ?? []) leave(this.#dependents, dependency, task.id);
    const parent = parentOf(task);
    if (parent !== undefined) leave(this.#children, parent, task.id);
  }
}

function gather(groups: Map<string, Set<string>>, of: string, id: string): void {
  const group = groups.get(of);
  if (group) group.add(id);
  else groups.set(of, new Set([id]));
}

function leave(groups: Map<string, Set<string>>, of: string, id: string): void {
  const group = groups.get(of);
  group?.delete(id);
  if (group?.size === 0) groups.delete(of);
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

function waits(task: TaskRecord | undefined): boolean {
  return task !== undefined && !isFinished(task.state.status) && !holdsSlot(task.state);
}
