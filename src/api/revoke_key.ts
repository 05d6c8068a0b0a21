import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const revokeKey = capability({
  type: "revoke_key",
  doc:
    "Revokes an API key and ends every session and connection that it opened. Revoking it again does no harm.",
  permission: "admin",
  errors: ["INVALID_FIELD_VALUE"],
  example: { type: "revoke_key", key_id: "key_0123456789ab" },
  handle: async ({ key_id }, { keys, clock, scopeOf }, { actor, identity }) => {
    await keys.revoke(key_id, actor, scopeOf(identity)?.tenant);
    return { key_id, timestamp: isoTime(clock.now()) };
  },
});
