import { capability } from "./capability.ts";
import { reading } from "./touches.ts";

export const getReview = capability({
  type: "get_review",
  doc:
    "Returns what `save_review` has kept, as far as it still holds: comments on lines that have changed since are marked, " +
    "files that have changed since are not viewed any more.",
  permission: "read",
  limit: "file_operations_per_minute",
  errors: ["TASK_NOT_FOUND", "FILESYSTEM_ERROR", "SERVICE_UNAVAILABLE", "SERVER_OVERLOAD"],
  example: { type: "get_review", task_id: "task_456" },
  touches: ({ task_id }, { queries }) => reading(task_id, queries),
  handle: async ({ task_id }, { reviews }) => ({ task_id, ...await reviews.get(task_id) }),
});
