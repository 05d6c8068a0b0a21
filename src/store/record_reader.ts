/** Reads the records of one kind from the store. */
import { joinedBytes } from "../domain/bytes.ts";
import { ApiError } from "../domain/errors.ts";
import type { Encoded } from "./json.ts";
import type { KeyValue } from "./kv/kv.ts";
import type { RecordKind } from "./record_kinds.ts";
import type { Row, Rows } from "./kv/kv_rows.ts";
import { specsOf, stateKey, stateRange, statesOf } from "./record_keys.ts";
import type { Held } from "./record_memory.ts";
import { decodeRecord, withoutSpec } from "./stored_record.ts";
import { type Damage, damaged, damagesOf, readAll } from "./stored_values.ts";

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
    // The states come first: of a spec that another node changes meanwhile, the new one is read with the old version, and
    // then read again.
    const states = new Map<string, { parts: Uint8Array[]; versionstamp: string }>();
    for await (const { key, value, versionstamp } of this.#kv.list({ prefix: statesOf(name) })) {
      const known = states.get(key[2] as string);
      if (known) known.parts.push(value);
      else states.set(key[2] as string, { parts: [value], versionstamp });
    }
    const specs = new Map<string, Uint8Array[]>();
    for await (const { key, value } of this.#kv.list({ prefix: specsOf(name) })) {
      const parts = specs.get(key[2] as string);
      if (parts) parts.push(value);
      else specs.set(key[2] as string, [value]);
    }
    await readAll(
      states.entries().map(([id, { parts, versionstamp }]) => () => {
        const held = this.#heldOf(id, specs.get(id), parts, versionstamp);
        if (held) return found(held);
        // Another node may have removed the record, or stored its spec with its state.
        return this.one(id, undefined).then((one) => one?.record && found(one));
      }),
    );
  }

  /**
   * As `all`, from the rows of the store's file, while nobody else writes it. Records that need several keys for their
   * spec or their state are rare and are read one by one.
   */
  async allOf(rows: Rows, found: (held: Held<Spec, State>) => void): Promise<void> {
    const { name } = this.#kind;
    const specs = new Map<string, Encoded>();
    const long = new Set<string>();
    rows.under(specsOf(name), ({ name: id, value }) => {
      if (specs.has(id)) long.add(id);
      else specs.set(id, value);
    });
    const damages: Damage[] = [];
    const read = ({ name: id, value, versionstamp }: Row) => {
      if (long.has(id)) return;
      const apart = specs.get(id);
      try {
        const record = decodeRecord(this.#kind, id, value, apart);
        if (!record) throw withoutSpec(name, id);
        found({ record, versionstamp, spec_parts: apart === undefined ? 0 : 1, state_parts: 1 });
      } catch (error) {
        damages.push(...damagesOf(error));
      }
    };
    // A part follows the row that it continues.
    let last: Row | undefined;
    rows.under(statesOf(name), (row) => {
      if (row.isPart) return void long.add(row.name);
      if (last) read(last);
      last = row;
    });
    if (last) read(last);
    for (const id of long) {
      try {
        const one = await this.one(id, undefined);
        if (one?.record) found(one);
      } catch (error) {
        damages.push(...damagesOf(error));
      }
    }
    if (damages.length > 0) throw damaged(damages);
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
      const whole = this.#heldOf(id, undefined, parts, versionstamp);
      if (whole) return whole;
      const spec: Uint8Array[] = [];
      for await (const entry of this.#kv.list({ prefix: [...specsOf(name), id] })) spec.push(entry.value);
      const held = this.#heldOf(id, spec, parts, versionstamp);
      if (held) return held;
      // Without a specification, the record is damaged if its state is still the one that was read. If not, another
      // node removed or replaced the record between the two reads, and it is read again.
      if ((await this.#kv.get(stateKey(name, id)))?.versionstamp === versionstamp) {
        throw withoutSpec(name, id);
      }
    }
    throw new ApiError("DATABASE_ERROR", "A read was overtaken by changes again and again", {
      record: `${name} '${id}'`,
      tries: TRIES_MAX,
    });
  }

  /** Returns undefined if the spec is neither given nor stored with the state. */
  #heldOf(
    id: string,
    spec: Uint8Array[] = [],
    state: Uint8Array[],
    versionstamp: string,
  ): Held<Spec, State> | undefined {
    const apart = spec.length > 0 ? joinedBytes(spec) : undefined;
    const record = decodeRecord(this.#kind, id, joinedBytes(state), apart);
    return record && { record, versionstamp, spec_parts: spec.length, state_parts: state.length };
  }
}
