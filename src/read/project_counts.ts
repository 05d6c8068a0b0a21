/** How many tasks of each project are in which state. Counted when they are first asked for, then kept by each change. */
import type { TaskRecord } from "../domain/task_record.ts";
import type { Notifier } from "../store/notifier.ts";
import type { TaskFacts } from "./task_columns.ts";
import type { TaskMemory } from "./task_index.ts";

const NONE = { running: 0, queued: 0, pending: 0, paused: 0, to_review: 0 };
/** Archived tasks do not count. */
export type ProjectCount = typeof NONE;

export class ProjectCounts {
  readonly #memory: Pick<TaskMemory, "values">;
  readonly #projectOf: TaskFacts["projectOf"];
  #counts: Map<string, ProjectCount> | undefined;

  constructor(memory: Pick<TaskMemory, "values">, changes: Notifier, projectOf: TaskFacts["projectOf"]) {
    this.#memory = memory;
    this.#projectOf = projectOf;
    changes.subscribe("task", (some) => {
      if (!this.#counts) return;
      for (const { before, after } of some) {
        if (before) this.#add(this.#counts, before, -1);
        if (after) this.#add(this.#counts, after, 1);
      }
    });
  }

  of(project: string): ProjectCount {
    return this.#all().get(project) ?? NONE;
  }

  /** To be called when tasks may have come to belong to other projects. */
  forget(): void {
    this.#counts = undefined;
  }

  #all(): ReadonlyMap<string, ProjectCount> {
    if (this.#counts) return this.#counts;
    const counts = new Map<string, ProjectCount>();
    for (const task of this.#memory.values()) this.#add(counts, task, 1);
    return this.#counts = counts;
  }

  #add(counts: Map<string, ProjectCount>, task: TaskRecord, change: 1 | -1): void {
    const { status, review, archived } = task.state;
    const isCounted = !archived && (status in NONE || review === "to_review");
    const project = isCounted ? this.#projectOf(task) : undefined;
    if (project === undefined) return;
    let count = counts.get(project);
    if (!count) counts.set(project, count = { ...NONE });
    if (status in NONE) count[status as keyof ProjectCount] += change;
    if (review === "to_review") count.to_review += change;
  }
}
