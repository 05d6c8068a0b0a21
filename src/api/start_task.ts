import { requireAdminForSession } from "./adopted_session.ts";
import { capability } from "./capability.ts";
import { checkScheduledTime, refuseRecurring } from "./scheduled_time.ts";
import { creating } from "./touches.ts";

export const startTask = capability({
  type: "start_task",
  doc:
    "Accepts a task. The reply comes once the task is stored. It then waits for its dependencies, its time and a free " +
    "slot, and its agent runs it. Without a `task`, the `task_data` of older clients is taken for it.",
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
  agentChanges: () => [],
  touches: ({ task }, { queries }) => creating(task, queries),
  handle: async ({ task: requested }, context, session) => {
    const { commands, queries, scheduler, clock } = context;
    requireAdminForSession(requested, context, session);
    await context.scopeOf(session.identity)?.requireStart(requested);
    refuseRecurring(requested);
    scheduler.commands.refuseTaken(requested.id);
    if (requested.scheduled_time !== undefined) checkScheduledTime(requested.scheduled_time, clock.now());
    const task = await commands.create(requested, session.actor);
    return { task_id: task.id, task: queries.view(task) };
  },
});
