import { isoTime } from "../../clock/clock.ts";
import type { ChannelDefinition } from "./channel.ts";

/** The summary of all tasks, and changes of schedules. */
export const taskManager: ChannelDefinition = {
  name: "task_manager",
  permission: "read",
  pushes: ["task_manager_status", "schedule_changed"],
  onEvent: (event, timestamp) =>
    event.kind === "schedule.changed"
      ? [{ message: { type: "schedule_changed", task_id: event.task_id, timestamp } }]
      : [],
  reports: ({ clock, queries, intervals }) => ({
    interval_ms: intervals.task_summary_interval_ms,
    produce: () => ({
      type: "task_manager_status",
      summary: queries.summary(),
      timestamp: isoTime(clock.now()),
    }),
  }),
};
