import type { DomainEvent } from "../../engine/events.ts";
import type { ChannelDefinition, NewPush } from "./channel.ts";

/** New tasks, changes of their status, and the permission requests of their agents. */
export const taskStatus: ChannelDefinition = {
  name: "task_status",
  permission: "read",
  pushes: ["task_status_update", "permission_request"],
  onEvent: (event, timestamp) =>
    event.kind === "task.changed"
      ? [statusUpdate(event, timestamp)]
      : event.kind === "permission.requested"
      ? [permissionRequest(event, timestamp)]
      : [],
};

function statusUpdate(
  { before, after: { id, state } }: DomainEvent & { kind: "task.changed" },
  timestamp: string,
): NewPush {
  return {
    keys: { task_id: id, status: state.status },
    message: {
      type: "task_status_update",
      task_id: id,
      old_status: before?.state.status ?? "pending",
      new_status: state.status,
      progress: state.progress,
      error: state.error,
      timestamp,
    },
  };
}

function permissionRequest(
  { task_id, request }: DomainEvent & { kind: "permission.requested" },
  timestamp: string,
): NewPush {
  return {
    keys: { task_id, status: "running" },
    message: { type: "permission_request", task_id, ...request, timestamp },
  };
}
