import { isoTime } from "../clock/clock.ts";
import { requireAdminForSession } from "./adopted_session.ts";
import { capability } from "./capability.ts";
import { checkScheduledTime } from "./scheduled_time.ts";
import { creating } from "./touches.ts";

export const scheduleTask = capability({
  type: "schedule_task",
  doc:
    "Runs a task later. Without `recurring`, the task itself is made, and waits for its time. With it, the id stands for " +
    "a schedule: it runs each hour, day, week or month, or at the times of a cron expression, in a time zone. Each run is " +
    "a task of its own, `ID_run_1`, `ID_run_2`, …. A run is skipped while the one before is still going on, unless " +
    "`allow_overlap` is set.",
  permission: "write",
  limit: "tasks_per_minute",
  errors: [
    "INVALID_TASK_DATA",
    "TASK_ALREADY_EXISTS",
    "TASK_DEPENDENCY_ERROR",
    "INVALID_SCHEDULE_TIME",
    "INVALID_RECURRING_CONFIG",
  ],
  example: {
    type: "schedule_task",
    task: {
      id: "scheduled_maintenance_001",
      type: "maintenance",
      priority: "low",
      description: "Scheduled system maintenance",
      scheduled_time: "2030-01-15T14:00:00Z",
      recurring: { interval: "daily", timezone: "Europe/Vienna" },
    },
  },
  touches: ({ task }, { queries }) => creating(task, queries),
  handle: async ({ task }, context, session) => {
    const { scheduler, clock } = context;
    requireAdminForSession(task, context, session);
    await context.scopeOf(session.identity)?.requireStart(task);
    checkScheduledTime(task.scheduled_time, clock.now());
    const times = await scheduler.commands.schedule(task, session.actor);
    return { task_id: task.id, ...times, recurring: task.recurring, timestamp: isoTime(clock.now()) };
  },
});
