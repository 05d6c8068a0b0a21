import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const resumeTask = capability({
  type: "resume_task",
  doc: "Resumes a paused task.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "resume_task", task_id: "task_456" },
  agentChanges: ({ task_id }) => [task_id],
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id }, { commands, machine, clock }, { actor }) => {
    await commands.resume(task_id, actor);
    machine.changed();
    return { task_id, timestamp: isoTime(clock.now()) };
  },
});
