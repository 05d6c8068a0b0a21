import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const pauseSchedule = capability({
  type: "pause_schedule",
  doc:
    "Pauses a schedule: its times come and go without a run, and are listed as skipped. A task that runs once is paused.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "pause_schedule", task_id: "scheduled_maintenance_001" },
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id }, { scheduler, clock }, { actor }) => {
    await scheduler.commands.pause(task_id, actor);
    return { task_id, schedule: scheduler.queries.get(task_id), timestamp: isoTime(clock.now()) };
  },
});
