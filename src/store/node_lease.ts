/**
 * The lease of a node, which the leases of its tasks stand on.
 *
 * Terms. A node that opens a store raises its epoch, so that the leases of its earlier life are void at once. A store
 * that only one node can open (its file is locked) needs no more: the lease lasts until the server ends, and every
 * lease of another node or epoch is void.
 */
import type { Lease } from "../domain/lease.ts";
import { decode, encode } from "./json.ts";
import type { Key, KeyValue } from "./kv/kv.ts";

/** The only node of a store in a data folder. */
export const FIRST_NODE = "node_1";

const EPOCH: Key = ["epoch"];

export interface NodeLease {
  readonly node: string;
  /** The node's epoch: the fencing number of the leases that it gives to its tasks. */
  readonly fencing: number;
  /** ISO 8601; absent where the lease cannot expire. */
  readonly until: string | undefined;
  /** Aborted when the lease is lost. */
  readonly lost: AbortSignal;
  /** Whether this node holds this lease of a task now. */
  isOwn(lease: Lease | undefined): boolean;
  /** Whether nobody holds this lease of a task any more: another may run it. */
  isVoid(lease: Lease): boolean;
}

/** Begins a new epoch of the only node of this store. Throws what the store throws. */
export async function onlyNode(kv: KeyValue): Promise<NodeLease> {
  const key = [...EPOCH, FIRST_NODE];
  const before = await kv.get(key);
  const fencing = (before ? decode(before.value) as number : 0) + 1;
  await kv.commit({ sets: [{ key, value: encode(fencing) }] });
  return {
    node: FIRST_NODE,
    fencing,
    until: undefined,
    lost: new AbortController().signal,
    isOwn: (lease) => lease?.node === FIRST_NODE && lease.fencing === fencing,
    isVoid: (lease) => lease.node !== FIRST_NODE || lease.fencing !== fencing,
  };
}
