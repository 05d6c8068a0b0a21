import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const createKey = capability({
  type: "create_key",
  doc: "Creates an API key. Only this reply shows it.",
  permission: "admin",
  errors: ["SERVER_OVERLOAD"],
  example: { type: "create_key", key: { name: "dashboard", permissions: ["read"], expires_in_days: 90 } },
  handle: async ({ key }, { keys, clock }, { actor }) => ({
    ...await keys.create(key, actor),
    timestamp: isoTime(clock.now()),
  }),
});
