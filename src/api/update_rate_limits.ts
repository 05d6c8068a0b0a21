import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const updateRateLimits = capability({
  type: "update_rate_limits",
  doc:
    "Changes limits while the server runs: for everybody or for one client, scales them by load, or suspends them in an " +
    "emergency. Changes last until the server ends; the configuration file is permanent.",
  permission: "admin",
  errors: [],
  example: {
    type: "update_rate_limits",
    override: { client: "10.0.0.7", limits: { messages_per_minute: 1000 } },
  },
  handle: async (change, { limits, clock }, session) => ({
    data: await limits.change(change, session.actor, session.limits.client),
    timestamp: isoTime(clock.now()),
  }),
});
