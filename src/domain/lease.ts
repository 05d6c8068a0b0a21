/** Who runs a task: what is stored with the task, and what its attempt has in hand. */
import { z } from "zod";

/**
 * The right to run one attempt of a task. It is stored with the task while the attempt runs; a commit under any other
 * lease changes nothing. How long it lasts is a matter of its node: see `src/store/node_lease.ts`.
 */
export const Lease = z.object({
  /** The node that claimed the task. */
  node: z.string().min(1),
  /** The number of the attempt. */
  attempt: z.int().min(1),
  /** The node's epoch at the claim. It rises when the node starts, and when its lease is taken from it. */
  fencing: z.int().min(0),
  /** ISO 8601, by the node's own clock; for show. Absent where no other node could take the task over. */
  until: z.string().optional(),
});
export type Lease = z.infer<typeof Lease>;

/** Whether both are the same right; `until` does not count. */
export function isSameLease(a: Lease, b: Lease): boolean {
  return a.node === b.node && a.attempt === b.attempt && a.fencing === b.fencing;
}

/** A node's own lease, which the leases of its tasks stand on. It is renewed as a whole. */
export const NodeRecord = z.object({
  node: z.string().min(1),
  fencing: z.int().min(1),
  /** How long the lease lasts from each renewal on. */
  lease_ms: z.int().min(1),
  /** ISO 8601, by the node's own clock; for show. Nobody decides by it. */
  until: z.string(),
  /** How often it was renewed in this epoch. */
  renewals: z.int().min(0),
});
export type NodeRecord = z.infer<typeof NodeRecord>;

/** A lease as its attempt holds it. */
export interface HeldLease {
  readonly terms: Lease;
  /** Aborted when the node has lost its lease. The attempt then ends its agent at once and commits nothing more. */
  readonly lost: AbortSignal;
}
