import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const discardChanges = capability({
  type: "discard_changes",
  doc:
    "Gives up what a task has changed in its worktree. The worktree and its branch are gone; the commits stay under the " +
    "reference `kept_as` for `tasks.retention_days`, from which `git branch NAME REFERENCE` brings them back. The task has " +
    "ended, and no message waits.",
  permission: "write",
  limit: "file_operations_per_minute",
  errors: [
    "TASK_NOT_FOUND",
    "INVALID_FIELD_VALUE",
    "CHANGES_CONFLICT",
    "FILESYSTEM_ERROR",
    "SERVICE_UNAVAILABLE",
  ],
  example: { type: "discard_changes", task_id: "implement_auth_123" },
  agentChanges: ({ task_id }) => [task_id],
  handle: async ({ task_id }, { discarding, clock }, { actor }) => {
    const { kept_as } = await discarding.discard(task_id, actor);
    return { task_id, kept_as, timestamp: isoTime(clock.now()) };
  },
});
