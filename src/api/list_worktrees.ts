import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const listWorktrees = capability({
  type: "list_worktrees",
  doc:
    "The worktrees of tasks, and folders below the server's own folder for worktrees that belong to no task any more.",
  permission: "read",
  limit: "file_operations_per_minute",
  errors: ["FILESYSTEM_ERROR", "SERVICE_UNAVAILABLE"],
  example: { type: "list_worktrees" },
  handle: async (_request, { worktrees, clock, scopeOf }, { identity }) => {
    const scope = scopeOf(identity);
    const isSeen = (task_id: string | undefined) => task_id !== undefined && scope!.sees(task_id);
    return {
      worktrees: (await worktrees.list()).filter(({ task_id }) => !scope || isSeen(task_id)),
      timestamp: isoTime(clock.now()),
    };
  },
});
