/** Reads the records of one kind from the store. */
import { ApiError } from "../domain/errors.ts";
import type { KeyValue } from "./kv/kv.ts";
import type { RecordKind } from "./record_kinds.ts";
import { specsOf, stateKey, stateRange, statesOf } from "./record_keys.ts";
import type { Held } from "./record_memory.ts";
import { damaged, decodeStored, readAll } from "./stored_values.ts";
import { joined } from "./value_parts.ts";

/** A record as it was read, or only its version. */
export type Found<Spec, State> = Held<Spec, State> | { versionstamp: string; record?: undefined };

/** A record that changes this often while it is read indicates a bug. */
const TRIES_MAX = 100;

export class RecordReader<Spec, State> {
  readonly #kind: RecordKind<Spec, State>;
  readonly #kv: KeyValue;

  constructor(kind: RecordKind<Spec, State>, kv: KeyValue) {
    this.#kind = kind;
    this.#kv = kv;
  }

  /** Calls `found` with every record. Throws `DATABASE_ERROR` that names all records that cannot be read. */
  async all(found: (held: Held<Spec, State>) => void): Promise<void> {
    const { name } = this.#kind;
    const specs = new Map<string, Uint8Array[]>();
    for await (const { key, value } of this.#kv.list({ prefix: specsOf(name) })) {
      const parts = specs.get(key[2] as string);
      if (parts) parts.push(value);
      else specs.set(key[2] as string, [value]);
    }
    const states = new Map<string, { parts: Uint8Array[]; versionstamp: string }>();
    for await (const { key, value, versionstamp } of this.#kv.list({ prefix: statesOf(name) })) {
      const known = states.get(key[2] as string);
      if (known) known.parts.push(value);
      else states.set(key[2] as string, { parts: [value], versionstamp });
    }
    await readAll(
      states.entries().map(([id, { parts, versionstamp }]) => () => {
        found(this.#heldOf(id, specs.get(id), parts, versionstamp));
      }),
    );
  }

  /** The ids of all records, in the order of their keys; those of long states more than once. */
  async *ids(): AsyncGenerator<string> {
    for await (const { key } of this.#kv.list({ prefix: statesOf(this.#kind.name) })) yield key[2] as string;
  }

  /**
   * Reads a record; only its version if that is `known`. Returns undefined if the record is gone. Throws
   * `DATABASE_ERROR` if the record is damaged, or is replaced each time it is read.
   */
  async one(id: string, known: string | undefined): Promise<Found<Spec, State> | undefined> {
    const { name } = this.#kind;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const parts: Uint8Array[] = [];
      let versionstamp = "";
      for await (const entry of this.#kv.list(stateRange(name, id))) {
        if (parts.push(entry.value) === 1) versionstamp = entry.versionstamp;
      }
      if (parts.length === 0) return undefined;
      if (versionstamp === known) return { versionstamp };
      const spec: Uint8Array[] = [];
      for await (const entry of this.#kv.list({ prefix: [...specsOf(name), id] })) spec.push(entry.value);
      // Without a specification, the record is damaged if its state is still the one that was read. If not, another
      // node removed or replaced the record between the two reads, and it is read again.
      const hasChanged = spec.length === 0 &&
        (await this.#kv.get(stateKey(name, id)))?.versionstamp !== versionstamp;
      if (!hasChanged) return this.#heldOf(id, spec, parts, versionstamp);
    }
    throw new ApiError("DATABASE_ERROR", "A read was overtaken by changes again and again", {
      record: `${name} '${id}'`,
      tries: TRIES_MAX,
    });
  }

  #heldOf(
    id: string,
    spec: Uint8Array[] | undefined,
    state: Uint8Array[],
    versionstamp: string,
  ): Held<Spec, State> {
    const name = `${this.#kind.name} '${id}'`;
    if (!spec?.length) throw damaged([{ record: name, reason: "its specification is missing" }]);
    const record = {
      id,
      spec: decodeStored(this.#kind.spec, name, joined(spec)),
      state: decodeStored(this.#kind.state, name, joined(state)),
    };
    return { record, versionstamp, spec_parts: spec.length, state_parts: state.length };
  }
}
