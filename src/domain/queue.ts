/** The order in which queued tasks get a slot: priority, then age. */
import { executionOf, type TaskRecord } from "./task_record.ts";
import { PRIORITIES } from "./task_values.ts";

const BOOST_PER_RANK = 100;

/** More than tasks are ever created. */
const ORDERS = 2 ** 42;

/**
 * The lowest goes first. `priority_boost` moves a task within its priority and, at ±100, to the neighboring one. Among
 * equals, the oldest goes first.
 */
function placeOf(task: TaskRecord): number {
  const rank = PRIORITIES.indexOf(task.spec.priority) * BOOST_PER_RANK +
    (executionOf(task).priority_boost ?? 0);
  return task.spec.order - rank * ORDERS;
}

interface Waiting {
  task: TaskRecord;
  place: number;
}

/**
 * A binary heap of queued tasks. A task that has left the queue is dropped when it reaches the top. Each task is in the
 * heap at most once, even if it is added again, since its place never changes.
 */
export class ReadyQueue {
  readonly #heap: Waiting[] = [];
  readonly #ids = new Set<string>();

  get size(): number {
    return this.#heap.length;
  }

  add(task: TaskRecord): void {
    if (!this.#append(task)) return;
    const heap = this.#heap;
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.place <= heap[at]!.place) break;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  /** Adds many at once, which takes less time. */
  addAll(tasks: Iterable<TaskRecord>): void {
    for (const task of tasks) this.#append(task);
    for (let at = this.#heap.length >> 1; at-- > 0;) this.#sink(at);
  }

  /** Removes and returns the first task for which `stillQueued` is true, and drops those before it. */
  take(stillQueued: (task: TaskRecord) => boolean): TaskRecord | undefined {
    for (let top = this.#pop(); top; top = this.#pop()) if (stillQueued(top)) return top;
    return undefined;
  }

  /** Returns false if it is there already. */
  #append(task: TaskRecord): boolean {
    if (this.#ids.has(task.id)) return false;
    this.#ids.add(task.id);
    this.#heap.push({ task, place: placeOf(task) });
    return true;
  }

  #pop(): TaskRecord | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last) return undefined;
    this.#ids.delete(top.task.id);
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink(0);
    }
    return top.task;
  }

  /** Moves a task down until none below it goes before it. */
  #sink(at: number): void {
    const heap = this.#heap;
    for (;;) {
      let first = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2 && child < heap.length; child++) {
        if (heap[child]!.place < heap[first]!.place) first = child;
      }
      if (first === at) return;
      [heap[first], heap[at]] = [heap[at]!, heap[first]!];
      at = first;
    }
  }
}
