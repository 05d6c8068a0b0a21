import { capability } from "./capability.ts";

export const requestRateLimits = capability({
  type: "request_rate_limits",
  doc:
    "Reports the limits in force, how much of them is used and by whom, the last hour minute by minute, and what was refused.",
  permission: "admin",
  errors: [],
  example: { type: "request_rate_limits", minutes: 15, top: 5 },
  handle: (query, { limits }) => ({ data: limits.report(query) }),
});
