import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const pauseTask = capability({
  type: "pause_task",
  doc: "Holds a waiting task, or stops a running one where it is. A running task keeps its slot.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "pause_task", task_id: "task_456" },
  agentChanges: ({ task_id }) => [task_id],
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id }, { commands, machine, clock }, { actor }) => {
    await commands.pause(task_id, actor);
    machine.changed();
    return { task_id, timestamp: isoTime(clock.now()) };
  },
});
