import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const updateWorkspace = capability({
  type: "update_workspace",
  doc:
    "Brings the branch from which a task started into the task's worktree. Without conflicts the worktree follows. With " +
    "conflicts and `resolve: none` nothing changes, and `conflicts` lists the files; with `resolve: agent` the base is " +
    "merged with marks in those files, and the agent goes on with a message to resolve them. The task has ended, and no " +
    "message waits. The answer comes within 120 s; with a `request_id`, later requests may be answered before it.",
  permission: "write",
  limit: "file_operations_per_minute",
  errors: [
    "TASK_NOT_FOUND",
    "INVALID_FIELD_VALUE",
    "CHANGES_CONFLICT",
    "FILESYSTEM_ERROR",
    "SERVICE_UNAVAILABLE",
  ],
  example: { type: "update_workspace", task_id: "implement_auth_123", method: "rebase", resolve: "agent" },
  isSlow: true,
  agentChanges: ({ task_id }) => [task_id],
  handle: async (request, { workspaceUpdate, clock }, { actor }) => ({
    task_id: request.task_id,
    ...await workspaceUpdate.update(request, actor),
    timestamp: isoTime(clock.now()),
  }),
});
