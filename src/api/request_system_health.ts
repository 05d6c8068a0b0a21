import { capability } from "./capability.ts";

export const requestSystemHealth = capability({
  type: "request_system_health",
  doc:
    "Checks every component. `degraded`: it works, with a warning. `unhealthy`: it does not work. Each issue has a code " +
    "of the error table.",
  permission: "read",
  errors: ["HEALTH_CHECK_FAILED"],
  example: { type: "request_system_health" },
  handle: async (_request, { health }) => ({ data: await health.check() }),
});
