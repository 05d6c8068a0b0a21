import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const reviewTask = capability({
  type: "review_task",
  doc:
    "Sends a task back to its agent: one message with all comments, each with its file, its line and the lines that it is " +
    "about. The task goes on in its session. It must be over, without waiting messages, and its agent must speak ACP.",
  permission: "write",
  limit: "tasks_per_minute",
  errors: ["TASK_NOT_FOUND", "FILESYSTEM_ERROR", "SERVICE_UNAVAILABLE", "SERVER_OVERLOAD"],
  example: {
    type: "review_task",
    task_id: "task_456",
    verdict: "request_changes",
    message: "Nearly there.",
    comments: [{ path: "src/login.ts", line: 12, end_line: 14, text: "This throws for an empty name." }],
  },
  agentChanges: ({ task_id }) => [task_id],
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id, message, comments, head_commit }, { reviews }, { actor }) => ({
    task_id,
    ...await reviews.review(task_id, { message, comments, head_commit }, actor),
  }),
});
