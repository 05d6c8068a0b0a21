/** Which tasks may run at once on a machine: by slots, by folders, and by who has delegated whom. */
import type { TaskSpec, TaskState } from "../../src/domain/task_record.ts";
import type { Promised } from "./server_life.ts";

const DEPTH_MAX = 3;

export class FolderModel {
  readonly #tasks: ReadonlyMap<string, { spec: TaskSpec; state: TaskState }>;
  readonly #promised: Promised;

  constructor(tasks: ReadonlyMap<string, { spec: TaskSpec; state: TaskState }>, promised: Promised) {
    this.#tasks = tasks;
    this.#promised = promised;
  }

  /**
   * What is wrong with a process that begins beside these. A delegated task may get past others, so that none waits
   * forever; its process may begin before that of the task above it, and before those that it has passed.
   */
  wrongWith(id: string, running: readonly string[]): string | undefined {
    const above = this.#above(id);
    if (running.some((one) => above.includes(one) || this.#above(one).includes(id))) return undefined;
    const others = running.filter((one) => !this.#above(one).some((task) => this.#isAtWork(task)));
    if (others.length >= this.#promised.max_concurrent) return `${others.length + 1} agents at once`;
    const other = others.find((one) => this.#shareFolder(id, one));
    return other === undefined ? undefined : `tasks ${other} and ${id} share a folder`;
  }

  /** Whether these keep a task from starting, so that others may pass it. */
  isHeldUp(id: string, running: readonly string[]): boolean {
    const above = this.#above(id);
    const others = running.filter((one) => !above.includes(one));
    return others.length >= this.#promised.max_concurrent || others.some((one) => this.#shareFolder(id, one));
  }

  #isAtWork(id: string): boolean {
    return this.#tasks.get(id)?.state.lease !== undefined;
  }

  #shareFolder(a: string, b: string): boolean {
    const isOwn = [a, b].some((id) => this.#tasks.get(id)?.spec.execution?.isolation === "worktree");
    return this.#promised.exclusive_folders && !isOwn && this.#folder(a) === this.#folder(b);
  }

  #folder(id: string): string {
    return this.#tasks.get(id)?.spec.execution?.working_dir ?? "here";
  }

  #above(id: string): string[] {
    const above: string[] = [];
    for (let next = this.#parent(id); next !== undefined; next = this.#parent(next)) {
      if (above.push(next) > DEPTH_MAX) break;
    }
    return above;
  }

  /** A newer task has only taken the id of a parent that is gone. */
  #parent(id: string): string | undefined {
    const child = this.#tasks.get(id)?.spec;
    if (child?.created_by?.kind !== "agent") return undefined;
    const parent = this.#tasks.get(child.created_by.id!)?.spec;
    return parent && parent.order < child.order ? child.created_by.id : undefined;
  }
}
