import { isoTime } from "../clock/clock.ts";
import { reportOf } from "../protocol/daily_report.ts";
import { capability } from "./capability.ts";
import { EVERY_TASK } from "./touches.ts";

export const createReport = capability({
  type: "create_report",
  doc:
    "Writes the report of the last 24 hours: what was done, what waits and until when, what needs a person, what failed and " +
    "why, and what it cost, by project.",
  permission: "read",
  errors: [],
  example: { type: "create_report", kind: "daily", format: "markdown" },
  touches: () => EVERY_TASK,
  handle: ({ kind, format, project }, { queries, clock }) => {
    const now = clock.now();
    const content = reportOf((isWanted) => queries.all(isWanted), now, project);
    return { kind, format, content, timestamp: isoTime(now) };
  },
});
