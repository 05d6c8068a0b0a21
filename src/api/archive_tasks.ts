import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const archiveTasks = capability({
  type: "archive_tasks",
  doc:
    "Archives finished tasks, or takes them out of the archive: all of them or none. `list_tasks` and all counts leave " +
    "archived tasks out unless `filter.archived` asks for them; otherwise they are as before. A task that goes on, by a " +
    "retry or a message, is no longer archived.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "archive_tasks", task_ids: ["task_456", "implement_auth_123"] },
  agentChanges: ({ task_ids }) => task_ids,
  touches: ({ task_ids }) => ({ reads: new Set(), changes: new Set(task_ids) }),
  handle: async ({ task_ids, archived = true }, { commands, clock }, { actor }) => {
    await commands.archive(task_ids, archived, actor);
    return { task_ids, archived, timestamp: isoTime(clock.now()) };
  },
});
