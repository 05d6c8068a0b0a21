/** The requests that keys of `top` send to the server. */
import type { Requester } from "../../client/replies.ts";
import type { PermissionDecision } from "../../domain/permission_request.ts";
import type { RememberScope } from "../../domain/remembered.ts";

export type Action =
  | { kind: "act"; type: keyof typeof DONE; task_id: string }
  | {
    kind: "answer";
    task_id: string;
    permission_id: string;
    decision: PermissionDecision;
    remember?: RememberScope;
    message?: string;
  };

const DONE = {
  cancel_task: "cancelled",
  retry_task: "put back into the queue",
  pause_task: "paused",
  resume_task: "resumed",
  accept_changes: "accepted: its branch is in the one from which it started",
  discard_changes: "discarded; the commits are kept for a while",
} as const;

/** Carries out the action. Resolves to a notice that says what was done; rejects with the server's error. */
export async function carryOut(server: Requester, action: Action): Promise<string> {
  const { task_id } = action;
  if (action.kind === "act") {
    await server.request(action.type, { task_id });
    return `task ${task_id} ${DONE[action.type]}`;
  }
  const { permission_id, decision, remember, message } = action;
  await server.request("respond_to_permission", { task_id, permission_id, decision, remember, message });
  const always = remember === undefined
    ? ""
    : `, always in ${remember === "task" ? "this task" : "its project"}`;
  return `${decision === "allow" ? "allowed" : "denied"} what task ${task_id} asked for${always}`;
}
