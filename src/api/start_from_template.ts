import { requireAdminForSession } from "./adopted_session.ts";
import { capability } from "./capability.ts";
import { checkScheduledTime } from "./scheduled_time.ts";

export const startFromTemplate = capability({
  type: "start_from_template",
  doc:
    "Starts a task from a template of the configuration. A parameter's value becomes text inside the strings that name it " +
    "and nothing else. The task is then checked as in `start_task`.",
  permission: "write",
  limit: "tasks_per_minute",
  errors: [
    "MISSING_REQUIRED_FIELD",
    "TASK_ALREADY_EXISTS",
    "TASK_DEPENDENCY_ERROR",
    "INVALID_SCHEDULE_TIME",
    "SERVICE_UNAVAILABLE",
  ],
  example: { type: "start_from_template", template: "fix_issue", params: { title: "The login fails" } },
  handle: async ({ template, params = {}, id }, context, session) => {
    const { templates, queries, clock } = context;
    const task = templates.taskOf(templates.get(template), params, id);
    requireAdminForSession(task, context, session);
    await context.scopeOf(session.identity)?.requireStart(task);
    if (task.scheduled_time !== undefined) checkScheduledTime(task.scheduled_time, clock.now());
    const made = await templates.create(task, session.actor);
    return { task_id: made.id, task: queries.view(made) };
  },
});
