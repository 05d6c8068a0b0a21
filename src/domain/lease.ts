/** Leases: the right to run a task, as it is stored and as a running attempt holds it. */
import * as z from "zod";

/**
 * The right to run one attempt of a task. It is stored with the task while the attempt runs. A commit under any other
 * lease changes nothing. It lasts as long as the lease of its node: see `src/store/node_lease.ts`.
 */
export const Lease = z.object({
  /** The node that claimed the task. */
  node: z.string().min(1),
  /** The number of the attempt. */
  attempt: z.int().min(1),
  /** The node's epoch at the claim. It increases when the node starts and when another node takes over its lease. */
  fencing: z.int().min(0),
  /** ISO 8601, by the node's own clock; for display only. Absent if no other node can take the task over. */
  until: z.string().optional(),
});
export type Lease = z.infer<typeof Lease>;

/** Whether both are the same lease; `until` is ignored. */
export function isSameLease(a: Lease, b: Lease): boolean {
  return a.node === b.node && a.attempt === b.attempt && a.fencing === b.fencing;
}

/** A node's epoch, as it is kept under the node's name. */
export const Epoch = z.int().min(1);

/** A node's own lease. The leases of its tasks depend on it, and are renewed with it. */
export const NodeRecord = z.object({
  node: z.string().min(1),
  /** The data folder of the server that has the name. Another folder may not take the name while its lease lives. */
  place: z.string().min(1).optional(),
  fencing: z.int().min(1),
  /** How long the lease lasts after each renewal. */
  lease_ms: z.int().min(1),
  /** ISO 8601, by the node's own clock; for display only. No decision depends on it. */
  until: z.string(),
  /** The number of renewals in this epoch. */
  renewals: z.int().min(0),
});
export type NodeRecord = z.infer<typeof NodeRecord>;

/** A lease as its attempt holds it. */
export interface HeldLease {
  readonly terms: Lease;
  /** Aborted when the node has lost its lease. The attempt then ends its agent at once and commits nothing more. */
  readonly lost: AbortSignal;
}
