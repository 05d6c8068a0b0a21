/**
 * The fields that filters use most, as columns. A query over many tasks reads a few bytes per task here and follows the
 * pointers only of tasks that can match.
 */
import { many } from "../domain/scalars.ts";
import { Priority, TaskStatus, TaskType } from "../domain/task.ts";
import type { TaskFilter } from "../protocol/task_messages.ts";
import type { TaskRecord } from "../domain/task_record.ts";

const FIRST_CAPACITY = 1024;

/** A bit for each requested value; all bits if none is given. */
function mask(options: readonly string[], wanted: string | string[] | undefined): number {
  if (wanted === undefined) return -1;
  return many(wanted).reduce((bits, value) => bits | (1 << options.indexOf(value)), 0);
}

export class TaskColumns {
  readonly #slots = new Map<string, number>();
  readonly #records: TaskRecord[] = [];
  #status = new Uint8Array(FIRST_CAPACITY);
  #type = new Uint8Array(FIRST_CAPACITY);
  #priority = new Uint8Array(FIRST_CAPACITY);

  /** Adds or updates a task. */
  set(task: TaskRecord): void {
    const known = this.#slots.get(task.id);
    const slot = known ?? this.#records.length;
    if (known === undefined) this.#slots.set(task.id, slot);
    if (slot >= this.#status.length) this.#grow();
    this.#records[slot] = task;
    this.#status[slot] = TaskStatus.options.indexOf(task.state.status);
    this.#type[slot] = TaskType.options.indexOf(task.spec.type);
    this.#priority[slot] = Priority.options.indexOf(task.spec.priority);
  }

  /** Removes a task. The last one takes its slot. */
  remove(id: string): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    this.#slots.delete(id);
    const last = this.#records.pop()!;
    if (last.id === id) return;
    this.#slots.set(last.id, slot);
    this.set(last);
  }

  /** The tasks that match the filter's status, type and priority, in no order. Its other conditions are not checked. */
  select(filter: Pick<TaskFilter, "status" | "type" | "priority"> = {}): TaskRecord[] {
    const status = mask(TaskStatus.options, filter.status);
    const type = mask(TaskType.options, filter.type);
    const priority = mask(Priority.options, filter.priority);
    if ((status & type & priority) === -1) return [...this.#records];
    const selected: TaskRecord[] = [];
    for (let slot = 0; slot < this.#records.length; slot++) {
      const wanted = (status >> this.#status[slot]!) & (type >> this.#type[slot]!) &
        (priority >> this.#priority[slot]!);
      if ((wanted & 1) === 1) selected.push(this.#records[slot]!);
    }
    return selected;
  }

  #grow(): void {
    const larger = (column: Uint8Array) => {
      const copy = new Uint8Array(column.length * 2);
      copy.set(column);
      return copy;
    };
    this.#status = larger(this.#status);
    this.#type = larger(this.#type);
    this.#priority = larger(this.#priority);
  }
}
