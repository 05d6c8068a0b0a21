/** Who asks, and what they may do. */
import { type Actor, ANONYMOUS } from "../domain/actor.ts";
import type { Permission } from "../domain/access_key.ts";

export interface Identity {
  readonly actor: Actor;
  readonly permissions: readonly Permission[];
  /** Milliseconds since the epoch; Infinity for the owner. */
  readonly expires_ms: number;
  /** The digest of the API key that was shown: it ends with that key, also if its id gets another one. */
  readonly key_digest?: string;
  /** The only projects whose tasks it sees and starts; undefined for all. */
  readonly projects?: readonly string[];
  /** The session that it belongs to; none for a request that shows a key itself. */
  readonly session?: OpenSession;
}

export interface OpenSession {
  readonly id: string;
  /** Whose it is. `identity.session` is this session. */
  readonly identity: Identity;
  /** The digest of its token. Without one, it lasts as long as the socket that opened it. */
  readonly digest?: string;
  readonly ip: string;
  readonly started_ms: number;
  last_seen_ms: number;
}

/** The identity of clients that have shown no key or token. */
export const NOBODY: Identity = { actor: ANONYMOUS, permissions: [], expires_ms: Infinity };

/** Whether the client has shown a key or token. */
export function isKnown({ actor }: Identity): boolean {
  return actor.kind !== "anonymous";
}

/** Whether a part of the limits is in reserve for it. */
export function isPrivileged({ actor, permissions }: Identity): boolean {
  return actor.kind === "owner" || permissions.includes("admin");
}
