import { capability } from "./capability.ts";
import { reading } from "./touches.ts";

export const getTaskChanges = capability({
  type: "get_task_changes",
  doc:
    "Returns what a task has changed, as git says: with what the agent's commands have done, and while it runs also with " +
    "what is not committed yet. A task without a worktree is compared with its folder as it was at the start. Patches have " +
    "at most 256 KiB a file and 4 MiB together; `path` asks for one file or folder.",
  permission: "read",
  limit: "file_operations_per_minute",
  errors: ["TASK_NOT_FOUND", "FILESYSTEM_ERROR", "SERVICE_UNAVAILABLE", "SERVER_OVERLOAD"],
  example: { type: "get_task_changes", task_id: "task_456", since: "base", context: 3 },
  touches: ({ task_id }, { queries }) => reading(task_id, queries),
  handle: async ({ task_id, since, ...list }, { reviews }) => ({
    task_id,
    ...await reviews.changes(task_id, since, list),
  }),
});
