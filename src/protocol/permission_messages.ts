/** Messages about agents' permission requests and the answers that are remembered. */
import * as z from "zod";
import { Actor } from "../domain/actor.ts";
import { PermissionDecision } from "../domain/permission_request.ts";
import { Remembered, RememberScope } from "../domain/remembered.ts";
import { bytes, TaskId, text } from "../domain/scalars.ts";
import { exchange } from "./exchange.ts";

const timestamp = z.string();

export const permissionMessages = {
  respond_to_permission: exchange(
    "respond_to_permission",
    {
      task_id: TaskId,
      permission_id: text(1, 200),
      option_id: text(1, 200).optional(),
      decision: PermissionDecision.optional(),
      remember: RememberScope.optional().describe(
        "Answer the same call so from now on: in this task, or in all tasks of its project.",
      ),
      message: bytes(65_536).optional().describe(
        "With a denial: what the agent is told once its turn has ended.",
      ),
    },
    "permission_answered",
    {
      task_id: z.string(),
      timestamp,
      permission_id: z.string(),
      option_id: z.string(),
      by: Actor,
      remembered_id: z.string().optional().describe("With `remember`: what `forget_remembered` takes."),
      message_id: z.string().optional().describe(
        "With `message`: what `withdraw_message` takes while it waits.",
      ),
    },
  ),
  list_remembered: exchange(
    "list_remembered",
    { task_id: TaskId.optional(), project: text(1, 100).optional() },
    "remembered_list",
    {
      remembered: z.array(z.object({ id: z.string(), ...Remembered.shape })).describe("The newest first."),
      timestamp,
    },
  ),
  forget_remembered: exchange(
    "forget_remembered",
    { id: text(1, 100) },
    "remembered_forgotten",
    { id: z.string(), timestamp },
  ),
};
