/**
 * A record as bytes: `[version, state, spec]`. A spec that is longer than `TOGETHER_MAX` is stored apart, as
 * `[version, spec]`, because each change of the state writes the state's bytes again. Pure.
 */
import type { Encoded } from "./json.ts";
import type { RecordKind } from "./record_kinds.ts";
import type { StoredRecord } from "./record_memory.ts";
import { damaged, decodeValues, encodeTexts, readStored } from "./stored_values.ts";

/** Characters of a spec as JSON. Most are shorter, and one key costs the store half of what two cost. */
const TOGETHER_MAX = 512;

export interface RecordBytes {
  state: Uint8Array;
  /** Only if it is stored apart. */
  spec?: Uint8Array;
}

/** A new record. */
export function encodeRecord(
  { spec, state }: Pick<StoredRecord<unknown, unknown>, "spec" | "state">,
): RecordBytes {
  const text = JSON.stringify(spec);
  if (text.length <= TOGETHER_MAX) return { state: encodeTexts(JSON.stringify(state), text) };
  return { state: encodeTexts(JSON.stringify(state)), spec: encodeTexts(text) };
}

/** The state of a record that is stored already, with its spec unless that is stored apart. */
export function encodeState(
  { spec, state }: Pick<StoredRecord<unknown, unknown>, "spec" | "state">,
  isApart: boolean,
): Uint8Array {
  const text = JSON.stringify(state);
  return isApart ? encodeTexts(text) : encodeTexts(text, JSON.stringify(spec));
}

/**
 * Reads a record. `apart`: a spec that is stored apart. Returns undefined if there is neither such a spec nor
 * one with the state. Throws `DATABASE_ERROR` that names the record if it cannot be read.
 */
export function decodeRecord<Spec, State>(
  kind: RecordKind<Spec, State>,
  id: string,
  encoded: Encoded,
  apart: Encoded | undefined,
): StoredRecord<Spec, State> | undefined {
  const name = recordName(kind.name, id);
  const [version, state, spec] = decodeValues(name, encoded);
  const [spec_version, spec_apart] = spec === undefined && apart
    ? decodeValues(name, apart)
    : [version, spec];
  if (spec_apart === undefined) return undefined;
  return {
    id,
    spec: readStored(kind.spec, name, spec_apart, spec_version),
    state: readStored(kind.state, name, state, version),
  };
}

export function withoutSpec(kind: string, id: string) {
  return damaged([{ record: recordName(kind, id), reason: "its specification is missing" }]);
}

function recordName(kind: string, id: string): string {
  return `${kind} '${id}'`;
}
