import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const replayDelivery = capability({
  type: "replay_delivery",
  doc:
    "Makes a task of a delivery again, with the template as it is now, whether or not the delivery has started one.",
  permission: "write",
  limit: "tasks_per_minute",
  errors: ["MISSING_REQUIRED_FIELD", "INVALID_JSON", "TASK_DEPENDENCY_ERROR", "SERVICE_UNAVAILABLE"],
  example: { type: "replay_delivery", delivery_id: "72d3162e-cc78-11e3-81ab-4c9367dc0958" },
  handle: async ({ delivery_id, template }, { hooks, clock }, { actor }) => {
    const replayed = await hooks.replay(delivery_id, template, actor);
    return { delivery_id, ...replayed, timestamp: isoTime(clock.now()) };
  },
});
