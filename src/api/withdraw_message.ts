import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const withdrawMessage = capability({
  type: "withdraw_message",
  doc:
    "Takes back a message that still waits. If the task went on only for it, the task is again as it was. A review's noted comments are noted again.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "withdraw_message", task_id: "task_456", message_id: "m3" },
  agentChanges: ({ task_id }) => [task_id],
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id, message_id }, { reviews, clock }, { actor }) => {
    await reviews.withdraw(task_id, message_id, actor);
    return { task_id, message_id, timestamp: isoTime(clock.now()) };
  },
});
