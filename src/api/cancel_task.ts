import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const cancelTask = capability({
  type: "cancel_task",
  doc:
    "Cancels a task and ends all processes that its agent has started. Cancelling it again gives the same answer. A " +
    "schedule ends; its runs stay as they are.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "cancel_task", task_id: "task_456" },
  agentChanges: ({ task_id }) => [task_id],
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id }, { commands, scheduler, clock }, { actor }) => {
    const isSchedule = actor.kind !== "agent" && scheduler.queries.has(task_id);
    await (isSchedule ? scheduler.commands.unschedule(task_id, actor) : commands.cancel(task_id, actor));
    return { task_id, timestamp: isoTime(clock.now()) };
  },
});
