import { isoTime } from "../clock/clock.ts";
import { requireAdminForSession } from "./adopted_session.ts";
import { capability } from "./capability.ts";
import { checkScheduledTime } from "./scheduled_time.ts";

export const updateSchedule = capability({
  type: "update_schedule",
  doc:
    "Changes a schedule: fields of the task that its later runs get, when it runs, or both. What is left out stays; a given " +
    "`recurring` replaces the old one. The runs so far stay as they are. A task that runs once is changed before its time.",
  permission: "write",
  errors: [
    "TASK_NOT_FOUND",
    "TASK_DEPENDENCY_ERROR",
    "INVALID_SCHEDULE_TIME",
    "INVALID_RECURRING_CONFIG",
    "SERVICE_UNAVAILABLE",
  ],
  example: {
    type: "update_schedule",
    task_id: "scheduled_maintenance_001",
    task: { priority: "high" },
    recurring: { interval: "cron", cron: "0 6 * * MON-FRI", timezone: "Europe/Vienna" },
  },
  handle: async ({ task_id, task, recurring, scheduled_time }, context, session) => {
    const { scheduler, clock } = context;
    if (task) {
      requireAdminForSession(task, context, session);
      await context.scopeOf(session.identity)?.requireChange(task_id, task);
    }
    if (scheduled_time !== undefined) checkScheduledTime(scheduled_time, clock.now(), "scheduled_time");
    await scheduler.commands.update(task_id, { task, recurring, scheduled_time }, session.actor);
    return { task_id, schedule: scheduler.queries.get(task_id), timestamp: isoTime(clock.now()) };
  },
});
