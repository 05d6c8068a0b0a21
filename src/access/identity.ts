/** Who asks, and what they may do. */
import { type Actor, ANONYMOUS } from "../domain/actor.ts";
import type { Permission } from "../domain/access_key.ts";

export interface Identity {
  readonly actor: Actor;
  readonly permissions: readonly Permission[];
  /** Milliseconds since the epoch; Infinity for the owner. */
  readonly expires_ms: number;
}

/** The identity of clients that have shown no key or token. */
export const NOBODY: Identity = { actor: ANONYMOUS, permissions: [], expires_ms: Infinity };

/** Whether the client has shown a key or token. */
export function isKnown({ actor }: Identity): boolean {
  return actor.kind !== "anonymous";
}
