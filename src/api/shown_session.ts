/** A session as clients see it. */
import { isoTime } from "../clock/clock.ts";
import type { Identity, OpenSession } from "../access/identity.ts";
import type { SessionView } from "../protocol/auth_messages.ts";

/** The owner's sessions have no end while the server runs; a date this far away stands for that. */
const DISTANT_MS = 365 * 86_400_000;

/** When a session ends, in milliseconds since the epoch. */
export function shownEnd({ expires_ms }: Identity, now_ms: number): number {
  return Math.min(expires_ms, now_ms + DISTANT_MS);
}

/** `current`: the session that asks. */
export function shownSession(
  session: OpenSession,
  current: OpenSession | undefined,
  now_ms: number,
): SessionView {
  const { id, identity, ip, started_ms, last_seen_ms } = session;
  return {
    session_id: id,
    key_id: identity.actor.kind === "key" ? identity.actor.id : undefined,
    actor: identity.actor,
    ip,
    started_at: isoTime(started_ms),
    last_seen_at: isoTime(last_seen_ms),
    expires_at: isoTime(shownEnd(identity, now_ms)),
    is_current: session === current,
  };
}
