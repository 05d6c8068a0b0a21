import { isoTime } from "../../clock/clock.ts";
import type { ChannelDefinition } from "./channel.ts";

const INTERVAL_MS = 5_000;

/** The usage of the limits. Each connection gets its own usage instead of the server's. */
export const rateLimits: ChannelDefinition = {
  name: "rate_limits",
  permission: "read",
  pushes: ["rate_limit_info"],
  reports: ({ clock, limits }) => ({
    interval_ms: INTERVAL_MS,
    produce: () => ({ type: "rate_limit_info", limits: limits(), timestamp: isoTime(clock.now()) }),
  }),
};
