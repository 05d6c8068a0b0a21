import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const unscheduleTask = capability({
  type: "unschedule_task",
  doc:
    "Removes a schedule. Its runs so far stay as they are. A task that runs once is cancelled before its time.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "unschedule_task", task_id: "scheduled_maintenance_001" },
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id }, { scheduler, clock }, { actor }) => {
    await scheduler.commands.unschedule(task_id, actor);
    return { task_id, timestamp: isoTime(clock.now()) };
  },
});
