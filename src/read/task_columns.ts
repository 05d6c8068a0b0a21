/**
 * The fields that filters use most, as columns. A query over many tasks reads a few bytes per task here and follows the
 * pointers only of tasks that can match.
 */
import { epochOf } from "../clock/clock.ts";
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

/** The conditions that the columns check. */
type Selection = Pick<
  TaskFilter,
  "status" | "type" | "priority" | "created_after" | "created_before" | "description_contains"
>;

export class TaskColumns {
  readonly #slots = new Map<string, number>();
  readonly #records: TaskRecord[] = [];
  #status = new Uint8Array(FIRST_CAPACITY);
  #type = new Uint8Array(FIRST_CAPACITY);
  #priority = new Uint8Array(FIRST_CAPACITY);
  /** Milliseconds since the epoch; NaN until a query asks for it, since a start would wait for all of them. */
  #created = new Float64Array(FIRST_CAPACITY);
  readonly #descriptions: string[] = [];

  /** Adds or updates a task. */
  set(task: TaskRecord): void {
    const known = this.#slots.get(task.id);
    const slot = known ?? this.#records.length;
    if (known === undefined) this.#slots.set(task.id, slot);
    if (slot >= this.#status.length) this.#grow();
    if (this.#records[slot]?.spec.created_at !== task.spec.created_at) this.#created[slot] = NaN;
    this.#descriptions[slot] = task.spec.description;
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
    this.#descriptions.pop();
    if (last.id === id) return;
    this.#slots.set(last.id, slot);
    this.set(last);
  }

  /** The tasks that match the conditions of `Selection`, in no order. The filter's others are not checked. */
  select(filter: Selection = {}): TaskRecord[] {
    const status = mask(TaskStatus.options, filter.status);
    const type = mask(TaskType.options, filter.type);
    const priority = mask(Priority.options, filter.priority);
    const { created_after, created_before } = filter;
    const isTimed = created_after !== undefined || created_before !== undefined;
    const after = created_after === undefined ? -Infinity : epochOf(created_after);
    const before = created_before === undefined ? Infinity : epochOf(created_before);
    const text = filter.description_contains?.toLowerCase();
    if ((status & type & priority) === -1 && !isTimed && text === undefined) return [...this.#records];
    const selected: TaskRecord[] = [];
    for (let slot = 0; slot < this.#records.length; slot++) {
      const wanted = (status >> this.#status[slot]!) & (type >> this.#type[slot]!) &
        (priority >> this.#priority[slot]!);
      if ((wanted & 1) === 0) continue;
      if (isTimed) {
        const created = this.#createdOf(slot);
        if (!(created > after && created < before)) continue;
      }
      if (text !== undefined && !this.#descriptions[slot]!.toLowerCase().includes(text)) continue;
      selected.push(this.#records[slot]!);
    }
    return selected;
  }

  #createdOf(slot: number): number {
    const known = this.#created[slot]!;
    if (!Number.isNaN(known)) return known;
    return this.#created[slot] = epochOf(this.#records[slot]!.spec.created_at);
  }

  #grow(): void {
    const capacity = this.#status.length * 2;
    const larger = <Column extends Uint8Array | Float64Array>(column: Column, copy: Column): Column => {
      copy.set(column);
      return copy;
    };
    this.#status = larger(this.#status, new Uint8Array(capacity));
    this.#type = larger(this.#type, new Uint8Array(capacity));
    this.#priority = larger(this.#priority, new Uint8Array(capacity));
    this.#created = larger(this.#created, new Float64Array(capacity));
  }
}
