import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const resumeTask = capability({
  type: "resume_task",
  doc: "Lets a paused task go on.",
  permission: "write",
  errors: ["TASK_NOT_FOUND"],
  example: { type: "resume_task", task_id: "task_456" },
  handle: async ({ task_id }, { engine, machine, clock }) => {
    await engine.resume(task_id);
    machine.changed();
    return { task_id, timestamp: isoTime(clock.now()) };
  },
});
