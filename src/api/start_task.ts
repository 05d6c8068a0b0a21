import { capability } from "./capability.ts";
import { checkScheduledTime, refuseRecurring } from "./scheduled_time.ts";

export const startTask = capability({
  type: "start_task",
  doc:
    "Takes a task on. The reply comes after it is durable; it then waits for its dependencies, its time and " +
    "a free slot, and is run by its agent.",
  permission: "write",
  limit: "tasks_per_minute",
  errors: [
    "INVALID_TASK_DATA",
    "TASK_ALREADY_EXISTS",
    "TASK_DEPENDENCY_ERROR",
    "INVALID_SCHEDULE_TIME",
    "INVALID_RECURRING_CONFIG",
    "SERVICE_UNAVAILABLE",
  ],
  example: {
    type: "start_task",
    task: { id: "new_task_123", type: "testing", priority: "high", description: "Run integration tests" },
  },
  handle: async ({ task: wanted }, { engine, scheduler, clock }) => {
    refuseRecurring(wanted);
    scheduler.refuseTaken(wanted.id);
    if (wanted.scheduled_time !== undefined) checkScheduledTime(wanted.scheduled_time, clock.now());
    const task = await engine.create(wanted);
    return { task_id: task.id, task };
  },
});
