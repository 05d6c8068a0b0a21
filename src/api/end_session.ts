import { getLogger } from "@logtape/logtape";
import { isoTime } from "../clock/clock.ts";
import { actorKey, actorName } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import { recordAction } from "../store/audit/audited_action.ts";
import { capability } from "./capability.ts";

const log = getLogger(["opencode-agents", "security"]);

export const endSession = capability({
  type: "end_session",
  doc:
    "Ends a session and closes its connections. Those of other keys need the permission `admin`. A key that is still valid " +
    "can open another one: revoke or rotate it to keep its holder out.",
  permission: "read",
  errors: ["INVALID_FIELD_VALUE"],
  example: { type: "end_session", session_id: "session_0b9d8c3e-6f3f-4a6e-9a54-0d5b2f0f7a10" },
  handle: async ({ session_id }, { auth, sessions, clock, scopeOf }, { identity, limits }) => {
    const session = sessions.get(session_id);
    const tenant = scopeOf(identity)?.tenant;
    if (session === undefined || (tenant !== undefined && session.identity.actor.tenant !== tenant)) {
      throw new ApiError("INVALID_FIELD_VALUE", `There is no session '${session_id}'`, {
        field: "session_id",
        value: session_id,
        expected: "a session of list_sessions",
      });
    }
    const isOwn = actorKey(session.identity.actor) === actorKey(identity.actor);
    if (!isOwn) auth.authorise("admin", "end_session of another key", identity, limits.client);
    await recordAction();
    sessions.end(session);
    log.info("The session {session_id} of {whose} was ended by {who}", {
      session_id,
      whose: actorName(session.identity.actor),
      who: actorName(identity.actor),
      by: identity.actor,
    });
    return { session_id, timestamp: isoTime(clock.now()) };
  },
});
