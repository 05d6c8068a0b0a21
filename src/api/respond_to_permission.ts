import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const respondToPermission = capability({
  type: "respond_to_permission",
  doc:
    "Answers an agent's permission request, announced as `permission_request`: with one of its options, or " +
    "with `decision` to allow or deny it once. With `remember`, the same call (agent, kind of tool, and exact command or files) is " +
    "not asked about again, in the task or in all of its project. A `message` with a denial is the agent's next prompt.",
  permission: "write",
  errors: ["TASK_NOT_FOUND", "INVALID_FIELD_VALUE"],
  example: { type: "respond_to_permission", task_id: "task_456", permission_id: "perm_1", decision: "allow" },
  handle: async (request, { commands, clock }, { actor }) => ({
    task_id: request.task_id,
    permission_id: request.permission_id,
    ...await commands.answerPermission(request, actor),
    by: actor,
    timestamp: isoTime(clock.now()),
  }),
});
