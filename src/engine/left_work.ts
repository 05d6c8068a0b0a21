/** Saves what earlier attempts of ended tasks have left unsaved, so that somebody is asked about it. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../clock/clock.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import { isFinished } from "../domain/task_values.ts";
import { saveLastWork, type SavingContext } from "./saved_work.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** How long after a failure, such as of the store, it is tried again: doubled up to the longest. */
const AGAIN_MS = 1000;
const AGAIN_MAX_MS = 600_000;

/** Whether a task has ended with work that no attempt saves, and no agent is at it any more. */
export function hasLeftWork({ state }: TaskRecord): boolean {
  return isFinished(state.status) && state.leaving === undefined && state.workspace?.unsaved === true;
}

export class LeftWork {
  readonly #context: SavingContext & { clock: Clock };
  /** The tasks whose work could not be saved yet. */
  readonly #failed = new Set<string>();
  #again: Timer | undefined;
  #wait_ms = AGAIN_MS;
  #closed = false;

  constructor(context: SavingContext & { clock: Clock }) {
    this.#context = context;
  }

  /** Resolves when it was tried once. What fails is tried again until `close`. */
  async save(tasks: Iterable<TaskRecord>): Promise<void> {
    for (const task of [...tasks].filter(hasLeftWork)) {
      const { id } = task;
      try {
        const { failure } = await saveLastWork(this.#context, task);
        if (failure !== undefined) throw new Error(failure);
        this.#failed.delete(id);
      } catch (error) {
        // Said once, not at each try.
        if (!this.#failed.has(id)) {
          log.warn("The work of task {id} could not be saved: {error}", { id, error });
        }
        this.#failed.add(id);
      }
    }
    if (this.#failed.size === 0) this.#wait_ms = AGAIN_MS;
    else this.#later();
  }

  close(): void {
    this.#closed = true;
    this.#again?.cancel();
  }

  #later(): void {
    if (this.#closed || this.#again) return;
    this.#again = this.#context.clock.after(this.#wait_ms, () => {
      this.#again = undefined;
      void this.save(this.#still());
    });
    this.#wait_ms = Math.min(2 * this.#wait_ms, AGAIN_MAX_MS);
  }

  /** Those that are still there, and were not saved otherwise. */
  #still(): TaskRecord[] {
    const { tasks } = this.#context.store;
    return [...this.#failed].flatMap((id) => {
      const task = tasks.get(id);
      if (task && hasLeftWork(task)) return task;
      this.#failed.delete(id);
      return [];
    });
  }
}
