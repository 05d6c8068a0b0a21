/** A planned change of records, and the commit that carries it out. Pure. */
import type { Commit, Key } from "./kv/kv.ts";
import { specKey, stateKey } from "./record_keys.ts";
import type { After, Held, RecordMemory, StoredRecord } from "./record_memory.ts";
import { encodeRecord, encodeState, type RecordBytes } from "./stored_record.ts";
import { parted } from "./value_parts.ts";

export interface Plan<Spec, State> {
  creates?: StoredRecord<Spec, State>[];
  /** Without `spec`, the record keeps its own. */
  updates?: { id: string; state: State; spec?: Spec }[];
  removes?: string[];
  /** Records that the plan depends on without changing them. If one of them changes first, the plan is made again. */
  reads?: string[];
  /** Other keys that belong to the same change. */
  sets?: { key: Key; value: Uint8Array }[];
  deletes?: Key[];
  /** Other keys that the plan has read. If one has changed, the plan is made again. */
  checks?: Commit["checks"];
}

/** A plan as a commit, and what memory holds once it is committed. */
export interface Prepared<Spec, State> {
  commit: Required<Commit>;
  after: After<Spec, State>[];
  /** The versions it was planned from; undefined where there was no such record. */
  versions: Map<string, string | undefined>;
}

/** Turns a plan into a commit that checks the versions in memory. */
export function prepare<Spec, State>(
  kind: string,
  memory: Pick<RecordMemory<Spec, State>, "held" | "versionOf">,
  plan: Plan<Spec, State>,
): Prepared<Spec, State> {
  const { creates = [], updates = [], removes = [], reads = [], sets = [], deletes = [], checks = [] } = plan;
  const commit: Required<Commit> = { checks: [...checks], sets: [...sets], deletes: [...deletes] };
  const versions = new Map<string, string | undefined>();
  const after: After<Spec, State>[] = [];
  const check = (id: string, versionstamp: string | undefined) => {
    if (versions.has(id)) return;
    versions.set(id, versionstamp);
    commit.checks.push({ key: stateKey(kind, id), versionstamp: versionstamp ?? null });
  };
  /** Returns the number of keys that hold the bytes. */
  const set = (bytes: Uint8Array, keyOf: typeof specKey, id: string): number => {
    const parts = keyed(bytes, keyOf, kind, id);
    commit.sets.push(...parts);
    return parts.length;
  };
  const expect = (id: string): Held<Spec, State> => {
    const held = memory.held(id);
    if (!held) throw new Error(`${kind} '${id}' is planned to change, but is not there`);
    return held;
  };
  /** Sets all of a record, and removes the parts that it had before and has no more. */
  const write = (
    record: StoredRecord<Spec, State>,
    { state, spec }: RecordBytes,
    before: Pick<Held<Spec, State>, "state_parts" | "spec_parts">,
  ) => {
    const { id } = record;
    const state_parts = set(state, stateKey, id);
    const spec_parts = spec ? set(spec, specKey, id) : 0;
    for (let i = state_parts; i < before.state_parts; i++) commit.deletes.push(stateKey(kind, id, i));
    for (let i = spec_parts; i < before.spec_parts; i++) commit.deletes.push(specKey(kind, id, i));
    after.push({ id, held: { record, state_parts, spec_parts } });
  };
  for (const record of creates) {
    check(record.id, undefined);
    write(record, encodeRecord(record), { state_parts: 0, spec_parts: 0 });
  }
  for (const { id, state, spec } of updates) {
    const held = expect(id);
    check(id, held.versionstamp);
    if (spec !== undefined) {
      const record = { id, spec, state };
      write(record, encodeRecord(record), held);
      continue;
    }
    const record = { ...held.record, state };
    const state_parts = set(encodeState(record, held.spec_parts > 0), stateKey, id);
    for (let i = state_parts; i < held.state_parts; i++) commit.deletes.push(stateKey(kind, id, i));
    after.push({ id, held: { record, state_parts, spec_parts: held.spec_parts } });
  }
  for (const id of removes) {
    const held = expect(id);
    check(id, held.versionstamp);
    for (let i = 0; i < held.state_parts; i++) commit.deletes.push(stateKey(kind, id, i));
    for (let i = 0; i < held.spec_parts; i++) commit.deletes.push(specKey(kind, id, i));
    after.push({ id });
  }
  for (const id of reads) check(id, memory.versionOf(id));
  return { commit, after, versions };
}

/** The parts of a value, each under its key. */
function keyed(
  bytes: Uint8Array,
  keyOf: typeof specKey,
  kind: string,
  id: string,
): Required<Commit>["sets"] {
  return parted(bytes).map((value, part) => ({ key: keyOf(kind, id, part), value }));
}
