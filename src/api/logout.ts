import { isoTime } from "../clock/clock.ts";
import { NOBODY } from "../access/identity.ts";
import { recordAction } from "../store/audit/audited_action.ts";
import { capability } from "./capability.ts";

export const logout = capability({
  type: "logout",
  doc:
    "Ends the session of this connection, or of the token that the request shows, and every other connection of that " +
    "session. The connection stays open and can authenticate again.",
  permission: "none",
  errors: [],
  example: { type: "logout" },
  handle: async (_request, { sessions, clock }, session) => {
    const ended = session.identity.session;
    await recordAction({ target: ended?.id });
    // Before the session ends, which closes the connections that still belong to it.
    session.identify(NOBODY);
    if (ended) sessions.end(ended);
    return { session_id: ended?.id, timestamp: isoTime(clock.now()) };
  },
});
