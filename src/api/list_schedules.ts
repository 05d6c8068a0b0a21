import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { EVERY_TASK } from "./touches.ts";

export const listSchedules = capability({
  type: "list_schedules",
  doc:
    "Lists all schedules, and the tasks that wait for their time, the one that runs next first, each with its next runs " +
    "and the last times that made none.",
  permission: "read",
  errors: [],
  example: { type: "list_schedules", upcoming: 3 },
  touches: () => EVERY_TASK,
  handle: ({ upcoming }, { scheduler, clock, scopeOf }, { identity }) => {
    const scope = scopeOf(identity);
    return {
      schedules: scheduler.queries.list(upcoming).filter(({ id }) => scope?.sees(id) ?? true),
      timestamp: isoTime(clock.now()),
    };
  },
});
