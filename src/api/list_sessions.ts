import { isoTime } from "../clock/clock.ts";
import { actorKey } from "../domain/actor.ts";
import { capability } from "./capability.ts";
import { shownSession } from "./shown_session.ts";

export const listSessions = capability({
  type: "list_sessions",
  doc:
    "Lists the open sessions, the oldest first: with the permission `admin` all of them, else those of the key that asks.",
  permission: "read",
  errors: [],
  example: { type: "list_sessions" },
  handle: (_request, { auth, sessions, clock, scopeOf }, { identity }) => {
    const tenant = scopeOf(identity)?.tenant;
    const seesAll = auth.allows("admin", identity);
    const own = actorKey(identity.actor);
    return {
      sessions: sessions.list()
        .filter((one) => tenant === undefined || one.identity.actor.tenant === tenant)
        .filter((one) => seesAll || actorKey(one.identity.actor) === own)
        .map((one) => shownSession(one, identity.session, clock.now())),
      timestamp: isoTime(clock.now()),
    };
  },
});
