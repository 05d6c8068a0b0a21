/** The keys of the records of one kind. Pure. */
import type { Key } from "./kv/kv.ts";

/** The end of a range over one record's parts: greater than the number of any part. */
const PART_END = 1e6;

export function specsOf(kind: string): readonly [string, string] {
  return [kind, "spec"];
}

export function statesOf(kind: string): readonly [string, string] {
  return [kind, "state"];
}

export function specKey(kind: string, id: string, part: number): Key {
  return [kind, "spec", id, part];
}

/** The key of the first part has no number. Its version is the version of the record. */
export function stateKey(kind: string, id: string, part = 0): Key {
  return part === 0 ? [kind, "state", id] : [kind, "state", id, part];
}

/** All parts of one state. */
export function stateRange(kind: string, id: string): { prefix: Key; start: Key; end: Key } {
  const start = stateKey(kind, id);
  return { prefix: statesOf(kind), start, end: [...start, PART_END] };
}
