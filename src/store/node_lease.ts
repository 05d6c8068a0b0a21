/**
 * The lease of a node. The leases of its tasks depend on it.
 *
 * Terms if only one node can open the store (its file is locked):
 * - Opening the store increases the node's epoch, so that the leases of its earlier runs are void at once.
 * - The lease lasts until the server ends. Nothing is renewed.
 *
 * Terms if several nodes share a store: see `shared_node.ts`.
 */
import { Epoch, type Lease } from "../domain/lease.ts";
import { stored } from "../domain/stored.ts";
import { encode } from "./json.ts";
import type { Key, KeyValue } from "./kv/kv.ts";
import { decodeStored } from "./stored_values.ts";

/** The only node of a store in a data folder. */
export const FIRST_NODE = "node_1";

/** The key of the epochs: of every node that ever existed, by its name. */
export const EPOCHS: Key = ["epoch"];

export interface NodeLease {
  readonly node: string;
  /** The number of the node's present epoch. The leases of its tasks store it as `fencing`. */
  readonly epoch: number;
  /** ISO 8601, for display only; absent if the lease cannot expire. */
  readonly until: string | undefined;
  /** When the lease expires, on this node's monotonic clock; absent if it cannot expire. */
  readonly runs_out_ms: number | undefined;
  /** Aborted when the lease is lost. After `rejoin` there is a new signal. */
  readonly lost: AbortSignal;
  /** Whether this node holds this lease of a task now. */
  isOwn(lease: Lease | undefined): boolean;
  /** Whether this lease of a task is void, so that another node may run the task. */
  isVoid(lease: Lease): boolean;
  /**
   * Begins a new epoch after the lease was lost. To be called when all agents of this node have ended. Throws what the
   * store throws.
   */
  rejoin(): Promise<void>;
  /**
   * Releases the lease because the server shuts down. Idempotent. `isFree`: no task has this lease any more; otherwise the lease
   * runs out, so that others take its tasks over.
   */
  leave(isFree: boolean): Promise<void>;
}

const EPOCH = stored("epoch", Epoch);

export function epochKey(node: string): Key {
  return [...EPOCHS, node];
}

/** Throws `DATABASE_ERROR` if the bytes are not an epoch. */
export function decodeEpoch(node: string, bytes: Uint8Array): number {
  return decodeStored(EPOCH, `epoch of node '${node}'`, bytes);
}

/** Begins a new epoch of the node. Returns the epoch and the version that each of the node's commits checks. */
export async function beginEpoch(
  kv: KeyValue,
  node: string,
): Promise<{ epoch: number; versionstamp: string }> {
  const key = epochKey(node);
  for (;;) {
    const before = await kv.get(key);
    const epoch = (before ? decodeEpoch(node, before.value) : 0) + 1;
    const checks = [{ key, versionstamp: before?.versionstamp ?? null }];
    const result = await kv.commit({ checks, sets: [{ key, value: encode(epoch) }] });
    if (result.ok) return { epoch, versionstamp: result.versionstamp };
  }
}

/** Begins a new epoch of the only node of this store. Throws what the store throws. */
export async function onlyNode(kv: KeyValue): Promise<NodeLease> {
  const { epoch } = await beginEpoch(kv, FIRST_NODE);
  const isOwn = (lease: Lease | undefined) => lease?.node === FIRST_NODE && lease.fencing === epoch;
  return {
    node: FIRST_NODE,
    epoch,
    until: undefined,
    runs_out_ms: undefined,
    lost: new AbortController().signal,
    isOwn,
    isVoid: (lease) => !isOwn(lease),
    rejoin: () => Promise.resolve(),
    leave: () => Promise.resolve(),
  };
}
