/**
 * The fields that filters use most, as columns. A query over many tasks reads a few bytes per task here and follows the
 * pointers only of tasks that can match.
 */
import { epochOf } from "../clock/clock.ts";
import { many } from "../domain/scalars.ts";
import { Priority, TaskStatus, TaskType } from "../domain/task.ts";
import { Review } from "../domain/workspace.ts";
import type { TaskFilter } from "../protocol/task_messages.ts";
import type { TaskRecord } from "../domain/task_record.ts";

const FIRST_CAPACITY = 1024;

/** What a task's record does not say, since the configuration decides it. */
export interface TaskFacts {
  /** The configured project that the task belongs to. */
  projectOf(task: TaskRecord): string | undefined;
  /** The agent that runs the task, has run it, or would run it. */
  agentOf(task: TaskRecord): string | undefined;
}

const NO_FACTS: TaskFacts = {
  projectOf: () => undefined,
  agentOf: ({ spec }) => spec.execution?.agent,
};

/** A bit for each requested value; all bits if none is given. */
function mask(options: readonly string[], wanted: string | string[] | undefined): number {
  if (wanted === undefined) return -1;
  return many(wanted).reduce((bits, value) => bits | (1 << options.indexOf(value)), 0);
}

/** The bits of `#archived`: 1 for tasks that are not. */
function archivedMask(wanted: TaskFilter["archived"]): number {
  return wanted === "any" ? 3 : wanted ? 2 : 1;
}

/** The conditions that the columns check. */
type Selection = Pick<
  TaskFilter,
  | "status"
  | "type"
  | "priority"
  | "review"
  | "archived"
  | "created_after"
  | "created_before"
  | "description_contains"
  | "project"
  | "owner"
  | "agent"
>;

/** Whether the task in a slot matches. */
type SlotCondition = (slot: number) => boolean;

export class TaskColumns {
  readonly #facts: TaskFacts;
  readonly #slots = new Map<string, number>();
  readonly #records: TaskRecord[] = [];
  #status = new Uint8Array(FIRST_CAPACITY);
  #type = new Uint8Array(FIRST_CAPACITY);
  #priority = new Uint8Array(FIRST_CAPACITY);
  #review = new Uint8Array(FIRST_CAPACITY);
  #archived = new Uint8Array(FIRST_CAPACITY);
  /** Milliseconds since the epoch; NaN until a query asks for it, since a start would wait for all of them. */
  #created = new Float64Array(FIRST_CAPACITY);
  readonly #descriptions: string[] = [];
  readonly #owners: (string | undefined)[] = [];
  readonly #labels: (string | undefined)[] = [];
  /** null until a query asks for it. */
  readonly #projects: (string | undefined | null)[] = [];
  readonly #agents: (string | undefined | null)[] = [];
  #archivedCount = 0;

  constructor(facts: TaskFacts = NO_FACTS) {
    this.#facts = facts;
  }

  /** How many tasks there are: archived or not, as a filter says. */
  count(archived: TaskFilter["archived"]): number {
    const all = this.#records.length;
    return archived === "any" ? all : archived ? this.#archivedCount : all - this.#archivedCount;
  }

  /** Adds or updates a task. */
  set(task: TaskRecord): void {
    const known = this.#slots.get(task.id);
    const slot = known ?? this.#records.length;
    if (known === undefined) this.#slots.set(task.id, slot);
    if (slot >= this.#status.length) this.#grow();
    const before = slot < this.#records.length ? this.#records[slot] : undefined;
    if (before?.spec.created_at !== task.spec.created_at) this.#created[slot] = NaN;
    if (before?.spec !== task.spec) this.#projects[slot] = null;
    this.#archivedCount += Number(task.state.archived ?? false) - Number(before?.state.archived ?? false);
    this.#agents[slot] = null;
    this.#descriptions[slot] = task.spec.description;
    this.#owners[slot] = task.spec.metadata?.owner;
    this.#labels[slot] = task.spec.metadata?.project;
    this.#records[slot] = task;
    this.#status[slot] = TaskStatus.options.indexOf(task.state.status);
    this.#type[slot] = TaskType.options.indexOf(task.spec.type);
    this.#priority[slot] = Priority.options.indexOf(task.spec.priority);
    this.#review[slot] = Review.options.indexOf(task.state.review ?? "none");
    this.#archived[slot] = task.state.archived ? 1 : 0;
  }

  /** Removes a task. The last one takes its slot. */
  remove(id: string): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    this.#slots.delete(id);
    const last = this.#records.pop()!;
    this.#archivedCount -= Number(last.state.archived ?? false);
    for (
      const column of [this.#descriptions, this.#owners, this.#labels, this.#projects, this.#agents]
    ) column.pop();
    if (last.id === id) return;
    this.#slots.set(last.id, slot);
    this.set(last);
  }

  /** To be called when tasks may have come to belong to other projects, with other agents. */
  forgetFacts(): void {
    this.#projects.fill(null);
    this.#agents.fill(null);
  }

  /** The tasks that match the conditions of `Selection`, in no order. The filter's others are not checked. */
  select(filter: Selection = {}): TaskRecord[] {
    const status = mask(TaskStatus.options, filter.status);
    const type = mask(TaskType.options, filter.type);
    const priority = mask(Priority.options, filter.priority);
    const review = mask(Review.options, filter.review);
    const archived = this.#archivedCount === 0 && filter.archived !== true
      ? -1
      : archivedMask(filter.archived);
    const conditions = this.#conditions(filter);
    if ((status & type & priority & review & archived) === -1 && conditions.length === 0) {
      return [...this.#records];
    }
    const selected: TaskRecord[] = [];
    for (let slot = 0; slot < this.#records.length; slot++) {
      const wanted = (status >> this.#status[slot]!) & (type >> this.#type[slot]!) &
        (priority >> this.#priority[slot]!) & (review >> this.#review[slot]!) &
        (archived >> this.#archived[slot]!);
      if ((wanted & 1) === 0 || !conditions.every((condition) => condition(slot))) continue;
      selected.push(this.#records[slot]!);
    }
    return selected;
  }

  /** The conditions that compare more than a few bits. */
  #conditions(filter: Selection): SlotCondition[] {
    const conditions: SlotCondition[] = [];
    const among = (
      wanted: string | string[] | undefined,
      matches: (values: Set<string | undefined>) => SlotCondition,
    ) => {
      if (wanted !== undefined) conditions.push(matches(new Set(many(wanted))));
    };
    const { created_after, created_before } = filter;
    if (created_after !== undefined || created_before !== undefined) {
      const after = created_after === undefined ? -Infinity : epochOf(created_after);
      const before = created_before === undefined ? Infinity : epochOf(created_before);
      conditions.push((slot) => {
        const created = this.#createdOf(slot);
        return created > after && created < before;
      });
    }
    among(filter.owner, (owners) => (slot) => owners.has(this.#owners[slot]));
    among(
      filter.project,
      (names) => (slot) => names.has(this.#labels[slot]) || names.has(this.#projectOf(slot)),
    );
    among(filter.agent, (agents) => (slot) => agents.has(this.#agentOf(slot)));
    const text = filter.description_contains?.toLowerCase();
    if (text !== undefined) {
      conditions.push((slot) => this.#descriptions[slot]!.toLowerCase().includes(text));
    }
    return conditions;
  }

  #createdOf(slot: number): number {
    const known = this.#created[slot]!;
    if (!Number.isNaN(known)) return known;
    return this.#created[slot] = epochOf(this.#records[slot]!.spec.created_at);
  }

  #projectOf(slot: number): string | undefined {
    const known = this.#projects[slot];
    return known !== null ? known : this.#projects[slot] = this.#facts.projectOf(this.#records[slot]!);
  }

  #agentOf(slot: number): string | undefined {
    const known = this.#agents[slot];
    return known !== null ? known : this.#agents[slot] = this.#facts.agentOf(this.#records[slot]!);
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
    this.#review = larger(this.#review, new Uint8Array(capacity));
    this.#archived = larger(this.#archived, new Uint8Array(capacity));
    this.#created = larger(this.#created, new Float64Array(capacity));
  }
}
