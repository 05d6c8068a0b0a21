import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const resumeSchedule = capability({
  type: "resume_schedule",
  doc: "Resumes a paused schedule. Its next run comes at its next time.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "resume_schedule", task_id: "scheduled_maintenance_001" },
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id }, { scheduler, clock }, { actor }) => {
    await scheduler.commands.resume(task_id, actor);
    return { task_id, schedule: scheduler.queries.get(task_id), timestamp: isoTime(clock.now()) };
  },
});
