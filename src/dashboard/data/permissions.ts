/** Agents' permission requests, and how they are answered. */
import type { PermissionDecision, PermissionRequest } from "../../domain/permission_request.ts";
import type { RememberScope } from "../../domain/remembered.ts";
import type { Task } from "../../domain/task.ts";
import { client } from "./server.ts";
import { put, taskOf } from "./tasks.ts";

/** The requests without an answer, the oldest first. */
export function openPermissions(task: Task): PermissionRequest[] {
  return task.pending_permissions ?? [];
}

/** Rejects like `client.request`, also if someone else answered first. */
export async function answerPermission(
  task_id: string,
  permission_id: string,
  answer: ({ decision: PermissionDecision } | { option_id: string }) & {
    remember?: RememberScope;
    message?: string;
  },
): Promise<void> {
  await client.request("respond_to_permission", { task_id, permission_id, ...answer });
  const task = taskOf(task_id);
  if (!task) return;
  const left = openPermissions(task).filter((other) => other.permission_id !== permission_id);
  const { pending_permissions: _, ...rest } = task;
  put(left.length > 0 ? { ...rest, pending_permissions: left } : rest);
}
