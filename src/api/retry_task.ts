import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const retryTask = capability({
  type: "retry_task",
  doc: "Queues a failed or cancelled task again, and with it the tasks that failed only because it did. " +
    "The agent goes on in its session if it can, and is told why it stopped.",
  permission: "write",
  errors: ["TASK_NOT_FOUND", "SERVICE_UNAVAILABLE"],
  example: { type: "retry_task", task_id: "failed_task_789" },
  agentChanges: ({ task_id }) => [task_id],
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id, fresh = false }, { commands, clock }, { actor }) => {
    const retry_count = await commands.retry(task_id, fresh, actor);
    return { task_id, retry_count, timestamp: isoTime(clock.now()) };
  },
});
