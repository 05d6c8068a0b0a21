/** The session of those who send a message about another tenant than their own. */
import type { Session } from "./capability.ts";

/** The session as it sends messages about this tenant: its actor is of it. */
export function asOf(session: Session, tenant: string): Session {
  const { identity } = session;
  if (identity.actor.tenant === tenant) return session;
  const actor = { ...identity.actor, tenant };
  return {
    original: session,
    id: session.id,
    get limits() {
      return session.limits;
    },
    identity: { ...identity, actor },
    actor,
    untold: (deprecations) => session.untold(deprecations),
    identify: (known) => session.identify(known),
    subscribe: (channels, filters) => session.subscribe(channels, filters, tenant),
    follow: (filter) => session.follow(filter),
    unsubscribe: (channels, id) => session.unsubscribe(channels, id),
  };
}
