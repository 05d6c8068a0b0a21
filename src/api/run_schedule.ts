import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const runSchedule = capability({
  type: "run_schedule",
  doc:
    "Makes a run of a schedule now, also while it is paused. Its next run and `max_runs` stay as they are. A task that runs " +
    "once starts now instead of at its time.",
  permission: "write",
  limit: "tasks_per_minute",
  errors: ["TASK_NOT_FOUND", "TASK_DEPENDENCY_ERROR", "SERVICE_UNAVAILABLE"],
  example: { type: "run_schedule", task_id: "scheduled_maintenance_001" },
  handle: async ({ task_id }, { scheduler, clock }, { actor }) => {
    const run_id = await scheduler.commands.run(task_id, actor);
    return { task_id, run_id, timestamp: isoTime(clock.now()) };
  },
});
