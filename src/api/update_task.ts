import { isoTime } from "../clock/clock.ts";
import { requireAdminForSession } from "./adopted_session.ts";
import { capability } from "./capability.ts";
import { checkScheduledTime } from "./scheduled_time.ts";

export const updateTask = capability({
  type: "update_task",
  doc:
    "Changes a task of which no attempt has begun. The changes are checked as in `start_task`. A given `metadata` or " +
    "`execution` replaces the old one. The task takes its place in the queue anew, and waits for its dependencies and its " +
    "time as they are now.",
  permission: "write",
  errors: [
    "TASK_NOT_FOUND",
    "TASK_DEPENDENCY_ERROR",
    "INVALID_SCHEDULE_TIME",
    "PERMISSION_DENIED",
    "SERVICE_UNAVAILABLE",
  ],
  example: {
    type: "update_task",
    task_id: "new_task_123",
    changes: { priority: "critical", dependencies: [] },
  },
  agentChanges: ({ task_id }) => [task_id],
  handle: async ({ task_id, changes }, context, session) => {
    const { commands, queries, clock } = context;
    requireAdminForSession(changes, context, session);
    await context.scopeOf(session.identity)?.requireChange(task_id, changes);
    if (changes.scheduled_time !== undefined) {
      checkScheduledTime(changes.scheduled_time, clock.now(), "changes.scheduled_time");
    }
    const task = await commands.update(task_id, changes, session.actor);
    return { task_id, task: queries.view(task), timestamp: isoTime(clock.now()) };
  },
});
