/** The order in which queued tasks get a slot: priority, then age. */
import { Priority } from "./task.ts";
import { executionOf, type TaskRecord } from "./task_record.ts";

const BOOST_PER_RANK = 100;

/** The highest goes first. `priority_boost` moves a task within its priority and, at ±100, to the neighboring one. */
function rank(task: TaskRecord): number {
  return Priority.options.indexOf(task.spec.priority) * BOOST_PER_RANK +
    (executionOf(task).priority_boost ?? 0);
}

/** Negative when `a` goes before `b`. */
export function compareQueued(a: TaskRecord, b: TaskRecord): number {
  return rank(b) - rank(a) || a.spec.order - b.spec.order;
}

/**
 * A binary heap of queued tasks. A task that has left the queue is dropped when it reaches the top. Each task is in the
 * heap at most once, even if it is added again, since its rank never changes.
 */
export class ReadyQueue {
  #heap: TaskRecord[] = [];
  readonly #ids = new Set<string>();

  get size(): number {
    return this.#heap.length;
  }

  add(task: TaskRecord): void {
    if (this.#ids.has(task.id)) return;
    this.#ids.add(task.id);
    const heap = this.#heap;
    let at = heap.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (compareQueued(heap[parent]!, heap[at]!) <= 0) break;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  /** Removes and returns the first task for which `stillQueued` is true, and drops those before it. */
  take(stillQueued: (task: TaskRecord) => boolean): TaskRecord | undefined {
    for (let top = this.#pop(); top; top = this.#pop()) if (stillQueued(top)) return top;
    return undefined;
  }

  #pop(): TaskRecord | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top) this.#ids.delete(top.id);
    if (!top || !last || heap.length === 0) return top;
    heap[0] = last;
    for (let at = 0;;) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && compareQueued(heap[child]!, heap[first]!) < 0) first = child;
      }
      if (first === at) return top;
      [heap[first], heap[at]] = [heap[at]!, heap[first]!];
      at = first;
    }
  }
}
