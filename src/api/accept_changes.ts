import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const acceptChanges = capability({
  type: "accept_changes",
  doc:
    "Brings what a task has changed in its worktree into a branch, by default the one from which it started. A working tree " +
    "that has the branch checked out follows, and its uncommitted work stays as it is. If that is not possible, the answer " +
    "is `CHANGES_CONFLICT`, and nothing has changed. Afterwards the worktree and its own branch are gone. The task has " +
    "ended, and no message waits. The answer comes within 120 s; with a `request_id`, later requests may be answered before it.",
  permission: "write",
  limit: "file_operations_per_minute",
  errors: [
    "TASK_NOT_FOUND",
    "INVALID_FIELD_VALUE",
    "CHANGES_CONFLICT",
    "PERMISSION_DENIED",
    "FILESYSTEM_ERROR",
    "SERVICE_UNAVAILABLE",
  ],
  example: { type: "accept_changes", task_id: "implement_auth_123", method: "squash", into: "main" },
  isSlow: true,
  agentChanges: ({ task_id }) => [task_id],
  handle: async (request, { acceptance, clock, scopeOf }, { actor, identity }) => {
    const scope = scopeOf(identity);
    const sees = scope && ((task_id: string) => scope.sees(task_id));
    const { method, into, commit } = await acceptance.accept(request, actor, sees);
    return { task_id: request.task_id, method, into, commit, timestamp: isoTime(clock.now()) };
  },
});
