import { isoTime } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { capability } from "./capability.ts";
import { changing } from "./touches.ts";

export const resumeTask = capability({
  type: "resume_task",
  doc:
    "Resumes a paused task. One that was paused because it had come to its `max_cost_usd` or `max_tokens` needs a higher " +
    "one, and goes on in its agent's session. An agent cannot raise a bound.",
  permission: "write",
  errors: ["TASK_NOT_FOUND", "PERMISSION_DENIED"],
  example: { type: "resume_task", task_id: "task_456", max_cost_usd: 5 },
  agentChanges: ({ task_id }) => [task_id],
  touches: ({ task_id }, { queries }) => changing(task_id, queries),
  handle: async ({ task_id, max_cost_usd, max_tokens }, { commands, machine, clock }, { actor }) => {
    if (actor.kind === "agent" && (max_cost_usd ?? max_tokens) !== undefined) {
      throw new ApiError("PERMISSION_DENIED", "An agent cannot raise the budget of a task", { task_id });
    }
    await commands.resume(task_id, actor, { max_cost_usd, max_tokens });
    machine.changed();
    return { task_id, timestamp: isoTime(clock.now()) };
  },
});
