import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { EVERY_TASK } from "./touches.ts";

export const requestUsage = capability({
  type: "request_usage",
  doc:
    "What turns have used: tokens, cost and time, summed by the keys in `group_by`, by day and cost. Days are those of " +
    "`tasks.timezone`; a turn counts on the day on which it ended. The sums outlive the tasks.",
  permission: "read",
  errors: [],
  example: { type: "request_usage", group_by: ["day", "agent"], start: "2026-11-01" },
  touches: () => EVERY_TASK,
  handle: async ({ group_by, start, end }, { usage, clock, scopeOf }, { identity }) => {
    const scope = scopeOf(identity);
    const sees = scope && ((whose: { project?: string; tenant: string }) => scope.seesUsage(whose));
    return {
      ...await usage.report({ group_by, start, end, sees }),
      timestamp: isoTime(clock.now()),
    };
  },
});
