import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { EVERY_TASK } from "./touches.ts";

export const listSchedules = capability({
  type: "list_schedules",
  doc: "Lists all schedules, the one that runs next first, each with its next runs.",
  permission: "read",
  errors: [],
  example: { type: "list_schedules", upcoming: 3 },
  touches: () => EVERY_TASK,
  handle: ({ upcoming }, { scheduler, clock }) => ({
    schedules: scheduler.list(upcoming),
    timestamp: isoTime(clock.now()),
  }),
});
