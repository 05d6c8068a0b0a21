import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const listSchedules = capability({
  type: "list_schedules",
  doc: "Lists all schedules, the one that runs next first, each with its next runs.",
  permission: "read",
  errors: [],
  example: { type: "list_schedules", upcoming: 3 },
  handle: ({ upcoming }, { scheduler, clock }) => ({
    schedules: scheduler.list(upcoming),
    timestamp: isoTime(clock.now()),
  }),
});
