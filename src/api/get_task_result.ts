import { capability } from "./capability.ts";
import { reading } from "./touches.ts";

export const getTaskResult = capability({
  type: "get_task_result",
  doc:
    "Returns a task's result: the agent's answer, exit code or stop reason, usage, and the history of its attempts.",
  permission: "read",
  // Apart from log requests, only this one reads the disk.
  limit: "file_operations_per_minute",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "get_task_result", task_id: "task_456" },
  touches: ({ task_id }, { queries }) => reading(task_id, queries),
  handle: async ({ task_id }, { queries }) => ({ task_id, ...await queries.result(task_id) }),
});
