import { capability } from "./capability.ts";
import { reading } from "./touches.ts";

export const getTaskStatus = capability({
  type: "get_task_status",
  doc: "Returns one task, with what its agent is doing. Of a schedule: when it runs next.",
  permission: "read",
  limit: "status_checks_per_minute",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "get_task_status", task_id: "task_456" },
  touches: ({ task_id }, { queries }) => reading(task_id, queries),
  handle: ({ task_id }, { queries, scheduler }) => ({
    task: scheduler.queries.asTask(task_id) ?? queries.get(task_id),
  }),
});
