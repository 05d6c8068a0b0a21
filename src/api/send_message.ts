import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const sendMessage = capability({
  type: "send_message",
  doc:
    "Sends a message to a task's agent. Each message is a turn of its own in the agent's session. A running task's agent gets " +
    "it after the present turn, or (`now`) in its stead. A task that has ended is queued again and goes on. At most 20 " +
    "messages wait. Agents that are commands take none.",
  permission: "write",
  limit: "tasks_per_minute",
  errors: ["TASK_NOT_FOUND", "SERVICE_UNAVAILABLE"],
  example: {
    type: "send_message",
    task_id: "task_456",
    message: "Use the existing helper instead.",
    mode: "next",
  },
  agentChanges: ({ task_id }) => [task_id],
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id, message, mode, attachments }, { commands, clock }, { actor }) => {
    const sent = await commands.say(task_id, { text: message, source: "message", mode, attachments }, actor);
    return { task_id, ...sent, timestamp: isoTime(clock.now()) };
  },
});
