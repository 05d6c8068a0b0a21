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
}

export class RecordMemory<Spec, State> implements View<Spec, State> {
  readonly #held = new Map<string, Held<Spec, State>>();
  readonly #publish: (changes: Change<Spec, State>[]) => unknown;

  /** `publish` is called with the changes of each commit, in the order of the commits. It must not throw. */
  constructor(publish: (changes: Change<Spec, State>[]) => unknown) {
    this.#publish = publish;
  }

  get size(): number {
    return this.#held.size;
  }

  get(id: string): StoredRecord<Spec, State> | undefined {
    return this.#held.get(id)?.record;
  }

  *values(): Generator<StoredRecord<Spec, State>> {
    for (const { record } of this.#held.values()) yield record;
  }

  ids(): Iterable<string> {
    return this.#held.keys();
  }

  held(id: string): Held<Spec, State> | undefined {
    return this.#held.get(id);
  }

  versionOf(id: string): string | undefined {
    return this.#held.get(id)?.versionstamp;
  }

  /** Adds a record that was loaded. This is not published. */
  put(held: Held<Spec, State>): void {
    this.#held.set(held.record.id, held);
  }

  /** Applies a commit and publishes its changes. If memory already has a newer version of a record, that one stays. */
  apply(after: readonly After<Spec, State>[], versionstamp: string, by: Actor): void {
    const changes: Change<Spec, State>[] = [];
    for (const { id, held } of after) {
      const known = this.#held.get(id);
      // Another node's change may have been read before our commit was answered.
      if (held ? known && known.versionstamp >= versionstamp : !known) continue;
      if (held) this.#held.set(id, { ...held, versionstamp });
      else this.#held.delete(id);
      changes.push({ before: known?.record, after: held?.record, by });
    }
    if (changes.length > 0) this.#publish(changes);
  }
}
