import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const rotateKey = capability({
  type: "rotate_key",
  doc:
    "Replaces an API key: its id, name and permissions stay, and it lasts as long again. The old key and its sessions end at " +
    "once. Only this reply shows the new key.",
  permission: "admin",
  errors: ["INVALID_FIELD_VALUE"],
  example: { type: "rotate_key", key_id: "key_0123456789ab" },
  handle: async ({ key_id }, { keys, clock, scopeOf }, { actor, identity }) => ({
    key_id,
    ...await keys.rotate(key_id, actor, scopeOf(identity)?.tenant),
    timestamp: isoTime(clock.now()),
  }),
});
