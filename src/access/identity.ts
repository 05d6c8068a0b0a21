/** Who asks, and what they may do. */
import { type Actor, ANONYMOUS } from "../domain/actor.ts";
import type { Permission } from "../domain/access_key.ts";

export interface Identity {
  readonly actor: Actor;
  readonly permissions: readonly Permission[];
  /** Milliseconds since the epoch; Infinity for the owner. */
  readonly expires_ms: number;
}

/** Of those who have shown nothing. */
export const NOBODY: Identity = { actor: ANONYMOUS, permissions: [], expires_ms: Infinity };

/** Whether anything was shown. */
export function isKnown({ actor }: Identity): boolean {
  return actor.kind !== "anonymous";
}
