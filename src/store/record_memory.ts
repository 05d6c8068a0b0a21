/** The records of one kind in memory, each with the version in which the store holds it. */
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

/** A record, and over how many keys the store spreads it. */
export interface Spread<Spec, State> {
  record: StoredRecord<Spec, State>;
  spec_parts: number;
  state_parts: number;
}

/** A record as the store holds it. */
export interface Held<Spec, State> extends Spread<Spec, State> {
  versionstamp: string;
}

/** What becomes of a record; without `held` it is removed. */
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

  /** Calls `publish` with the changes of each commit, in the order of the commits; it does not throw. */
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

  /** Puts a record there that is loaded. Nobody hears of it. */
  put(held: Held<Spec, State>): void {
    this.#held.set(held.record.id, held);
  }

  /** Takes over a commit and publishes what it changes. Memory may know a newer version of a record; that one stays. */
  apply(after: readonly After<Spec, State>[], versionstamp: string, by: Actor): void {
    const changes: Change<Spec, State>[] = [];
    for (const { id, held } of after) {
      const known = this.#held.get(id);
      // Another node's change may have been read before the answer to ours came.
      if (held ? known && known.versionstamp >= versionstamp : !known) continue;
      if (held) this.#held.set(id, { ...held, versionstamp });
      else this.#held.delete(id);
      changes.push({ before: known?.record, after: held?.record, by });
    }
    if (changes.length > 0) this.#publish(changes);
  }
}
