/**
 * Records in memory over the store: reads never wait, writes are acknowledged after the commit. A record is a
 * `spec` that never changes, written once, and a small `state`, rewritten at each change.
 *
 * Every change is optimistic: planned from what is in memory, committed under the versions it read, and planned
 * again when another came first.
 */
import { ApiError } from "../protocol/errors.ts";
import type { GroupCommit } from "./group_commit.ts";
import { decode, encode } from "./json.ts";
import type { Commit, Key, KeyValue } from "./kv.ts";

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

export interface Plan<Spec, State> {
  creates?: StoredRecord<Spec, State>[];
  updates?: { id: string; state: State }[];
  removes?: string[];
  /** Other keys that belong to the same change. */
  sets?: { key: Key; value: Uint8Array }[];
  deletes?: Key[];
}

export interface Change<Spec, State> {
  before?: StoredRecord<Spec, State>;
  after?: StoredRecord<Spec, State>;
}

interface Held<Spec, State> {
  record: StoredRecord<Spec, State>;
  versionstamp: string;
  /** Keys of the spec's parts beyond the first. */
  parts: number;
}

/** A value may have 64 KiB; a longer spec is written in parts. */
const PART_BYTES = 60_000;
/** A change that loses the race this often has met a bug, not a rival. */
const TRIES_MAX = 100;

export class RecordStore<Spec, State> implements View<Spec, State> {
  readonly #name: string;
  readonly #kv: KeyValue;
  readonly #commits: GroupCommit;
  readonly #held = new Map<string, Held<Spec, State>>();
  /** Called with the changes of each commit, in the order of the commits. */
  onCommitted: (changes: Change<Spec, State>[]) => void = () => {};

  /** `name`: the first part of its keys. */
  constructor(name: string, kv: KeyValue, commits: GroupCommit) {
    this.#name = name;
    this.#kv = kv;
    this.#commits = commits;
  }

  /** Reads everything into memory; once, before anything else. */
  async load(): Promise<void> {
    const specs = new Map<string, Uint8Array[]>();
    for await (const { key, value } of this.#kv.list({ prefix: [this.#name, "spec"] })) {
      const id = String(key[2]);
      const parts = specs.get(id);
      if (parts) parts.push(value);
      else specs.set(id, [value]);
    }
    for await (const { key, value, versionstamp } of this.#kv.list({ prefix: [this.#name, "state"] })) {
      const id = String(key[2]);
      const parts = specs.get(id);
      if (!parts) {
        throw new ApiError(
          "DATABASE_ERROR",
          `The store holds ${this.#name} '${id}' without its specification`,
          { id },
        );
      }
      const spec = decode(parts.length === 1 ? parts[0]! : joined(parts)) as Spec;
      this.#held.set(id, {
        record: { id, spec, state: decode(value) as State },
        versionstamp,
        parts: parts.length,
      });
    }
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

  /**
   * Commits what `plan` answers for the records as they stand; it is asked again when another commit came first,
   * so it must only read. What it throws is thrown here. Resolves after the commit, with memory up to date.
   */
  async update(plan: (view: View<Spec, State>) => Plan<Spec, State>): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const wanted = plan(this);
      const commit = this.#commitOf(wanted);
      if (!commit.sets?.length && !commit.deletes?.length) return;
      const result = await this.#commits.commit(commit);
      if (!result.ok) continue;
      this.#apply(wanted, result.versionstamp);
      return;
    }
    throw new ApiError("DATABASE_ERROR", "A change was overtaken by others again and again", {
      tries: TRIES_MAX,
    });
  }

  #stateKey(id: string): Key {
    return [this.#name, "state", id];
  }

  #specKey(id: string, part: number): Key {
    return [this.#name, "spec", id, part];
  }

  #commitOf(
    { creates = [], updates = [], removes = [], sets = [], deletes = [] }: Plan<Spec, State>,
  ): Commit {
    const commit: Required<Commit> = { checks: [], sets: [...sets], deletes: [...deletes] };
    for (const { id, spec, state } of creates) {
      commit.checks.push({ key: this.#stateKey(id), versionstamp: null });
      commit.sets.push({ key: this.#stateKey(id), value: encode(state) });
      for (const [part, value] of parted(encode(spec)).entries()) {
        commit.sets.push({ key: this.#specKey(id, part), value });
      }
    }
    for (const { id, state } of updates) {
      commit.checks.push({ key: this.#stateKey(id), versionstamp: this.#expect(id).versionstamp });
      commit.sets.push({ key: this.#stateKey(id), value: encode(state) });
    }
    for (const id of removes) {
      const { versionstamp, parts } = this.#expect(id);
      commit.checks.push({ key: this.#stateKey(id), versionstamp });
      commit.deletes.push(this.#stateKey(id));
      for (let part = 0; part < parts; part++) commit.deletes.push(this.#specKey(id, part));
    }
    return commit;
  }

  #expect(id: string): Held<Spec, State> {
    const held = this.#held.get(id);
    if (!held) throw new Error(`${this.#name} '${id}' is planned to change, but is not there`);
    return held;
  }

  #apply({ creates = [], updates = [], removes = [] }: Plan<Spec, State>, versionstamp: string): void {
    const changes: Change<Spec, State>[] = [];
    for (const record of creates) {
      this.#held.set(record.id, { record, versionstamp, parts: parted(encode(record.spec)).length });
      changes.push({ after: record });
    }
    for (const { id, state } of updates) {
      const held = this.#expect(id);
      const before = held.record;
      const after = { ...before, state };
      this.#held.set(id, { ...held, record: after, versionstamp });
      changes.push({ before, after });
    }
    for (const id of removes) {
      changes.push({ before: this.#expect(id).record });
      this.#held.delete(id);
    }
    if (changes.length > 0) this.onCommitted(changes);
  }
}

function parted(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PART_BYTES) parts.push(bytes.subarray(at, at + PART_BYTES));
  return parts;
}

function joined(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
