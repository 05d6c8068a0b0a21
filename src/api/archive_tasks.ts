import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const archiveTasks = capability({
  type: "archive_tasks",
  doc:
    "Archives finished tasks, or takes them out of the archive: all of them or none. `list_tasks` and all counts leave " +
    "archived tasks out unless `filter.archived` asks for them, and nothing of them needs anybody; otherwise they are as before: " +
    "changes that nobody has accepted or discarded stay in the worktree, and can be accepted or discarded as ever. `to_review` " +
    "names the tasks that have some. A task that goes on, by a retry or a message, is no longer archived.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "archive_tasks", task_ids: ["task_456", "implement_auth_123"] },
  agentChanges: ({ task_ids }) => task_ids,
  touches: ({ task_ids }) => ({ reads: new Set(), changes: new Set(task_ids) }),
  handle: async ({ task_ids, archived = true }, { commands, clock }, { actor }) => {
    const unjudged = await commands.archive(task_ids, archived, actor);
    const to_review = archived && unjudged.length > 0 ? unjudged : undefined;
    return { task_ids, archived, to_review, timestamp: isoTime(clock.now()) };
  },
});
