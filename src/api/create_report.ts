import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { EVERY_TASK } from "./touches.ts";

export const createReport = capability({
  type: "create_report",
  doc:
    "Writes the report of the last 24 hours: what was done, what waits and until when, what needs a person, what failed and " +
    "why, and what it cost, by project. Costs are those of all tasks, on the day of `tasks.timezone` and the day before. A key for some projects " +
    "names one of them as `project`.",
  permission: "read",
  errors: [],
  example: { type: "create_report", kind: "daily", format: "markdown" },
  touches: () => EVERY_TASK,
  handle: async ({ kind, format, project, timezone }, { reports, clock, scopeOf }, { identity }) => {
    const scope = scopeOf(identity);
    scope?.requireProject(project);
    const tenant = scope?.tenant;
    const timestamp = isoTime(clock.now());
    return { kind, format, content: await reports.markdown({ project, timezone, tenant }), timestamp };
  },
});
