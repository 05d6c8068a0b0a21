/** The records of one kind in memory, each with its version in the store. */
import type { Actor } from "../domain/actor.ts";

export interface StoredRecord<Spec, State> {
  id: string;
  spec: Spec;
  state: State;
}

export interface View<Spec, State> {
  get(id: string): StoredRecord<Spec, State> | undefined;
  values(): Iterable<StoredRecord<Spec, State>>;
  readonly size: number;
}

/** A record, and the number of keys that hold it. */
export interface Spread<Spec, State> {
  record: StoredRecord<Spec, State>;
  /** 0 if the spec is stored with the state. */
  spec_parts: number;
  state_parts: number;
}

/** A record as the store holds it. */
export interface Held<Spec, State> extends Spread<Spec, State> {
  versionstamp: string;
}

/** A record after a change. Without `held` it is removed. */
export interface After<Spec, State> {
  id: string;
  held?: Spread<Spec, State>;
}

export interface Change<Spec, State> {
  before?: StoredRecord<Spec, State>;
  after?: StoredRecord<Spec, State>;
  /** Who asked for it. */
  by: Actor;
  /** Another node has made it, and reports it where it has to be reported once. */
  elsewhere?: boolean;
}

/** Where the store holds a record. Records of the same commit share one: there are many of them. */
type Place = Omit<Held<unknown, unknown>, "record">;

export class RecordMemory<Spec, State> implements View<Spec, State> {
  /** In a map of its own: a start passes over all records again and again. */
  readonly #records = new Map<string, StoredRecord<Spec, State>>();
  readonly #places = new Map<string, Place>();
  #last: Place | undefined;
  readonly #publish: (changes: Change<Spec, State>[]) => unknown;

  /** `publish` is called with the changes of each commit, in the order of the commits. It must not throw. */
  constructor(publish: (changes: Change<Spec, State>[]) => unknown) {
    this.#publish = publish;
  }

  get size(): number {
    return this.#records.size;
  }

  get(id: string): StoredRecord<Spec, State> | undefined {
    return this.#records.get(id);
  }

  values(): Iterable<StoredRecord<Spec, State>> {
    return this.#records.values();
  }

  ids(): Iterable<string> {
    return this.#records.keys();
  }

  held(id: string): Held<Spec, State> | undefined {
    const record = this.#records.get(id);
    return record && { record, ...this.#places.get(id)! };
  }

  versionOf(id: string): string | undefined {
    return this.#places.get(id)?.versionstamp;
  }

  /** Adds a record that was loaded. This is not published. */
  put({ record, versionstamp, spec_parts, state_parts }: Held<Spec, State>): void {
    this.#records.set(record.id, record);
    this.#places.set(record.id, this.#place(versionstamp, spec_parts, state_parts));
  }

  /** Applies a commit and publishes its changes. If memory already has a newer version of a record, that one stays. */
  apply(after: readonly After<Spec, State>[], versionstamp: string, by: Actor, elsewhere?: boolean): void {
    const changes: Change<Spec, State>[] = [];
    for (const { id, held } of after) {
      const known = this.#places.get(id);
      // Another node's change may have been read before our commit was answered.
      if (held ? known && known.versionstamp >= versionstamp : !known) continue;
      const before = this.#records.get(id);
      if (held) this.put({ ...held, versionstamp });
      else this.#remove(id);
      const change = { before, after: held?.record, by };
      changes.push(elsewhere ? { ...change, elsewhere } : change);
    }
    if (changes.length > 0) this.#publish(changes);
  }

  #remove(id: string): void {
    this.#records.delete(id);
    this.#places.delete(id);
  }

  #place(versionstamp: string, spec_parts: number, state_parts: number): Place {
    const last = this.#last;
    if (
      last?.versionstamp === versionstamp && last.spec_parts === spec_parts &&
      last.state_parts === state_parts
    ) return last;
    return this.#last = { versionstamp, spec_parts, state_parts };
  }
}
