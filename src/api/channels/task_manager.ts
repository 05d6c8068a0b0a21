import { isoTime } from "../../clock/clock.ts";
import type { ChannelDefinition } from "./channel.ts";

/** The summary of all tasks. */
export const taskManager: ChannelDefinition = {
  name: "task_manager",
  permission: "read",
  pushes: ["task_manager_status"],
  reports: ({ clock, queries, intervals }) => ({
    interval_ms: intervals.task_summary_interval_ms,
    produce: () => ({
      type: "task_manager_status",
      summary: queries.summary(),
      timestamp: isoTime(clock.now()),
    }),
  }),
};
