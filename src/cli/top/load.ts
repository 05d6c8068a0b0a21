/** What `top` asks the server for before pushes keep it up to date. */
import type { Requester } from "../../client/replies.ts";
import { ApiError } from "../../domain/errors.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import type { Task } from "../../domain/task.ts";

const OPEN_MAX = 200;
const ENDED_MAX = 50;

/** Those not ended, and the last that did. */
export async function loadTasks(server: Requester): Promise<Task[]> {
  const open = await server.request("list_tasks", {
    filter: { status: ["running", "paused", "queued", "pending"] },
    sort: { field: "created_at", order: "asc" },
    limit: OPEN_MAX,
  });
  const ended = await server.request("list_tasks", {
    filter: { status: ["completed", "failed", "cancelled"] },
    sort: { field: "completed_at", order: "desc" },
    limit: ENDED_MAX,
  });
  return [...open.tasks, ...ended.tasks];
}

/** Undefined where the server may not look at its machine: the board is of use without. */
export async function loadResources(server: Requester): Promise<SystemResources | undefined> {
  try {
    return (await server.request("request_system_resources")).data;
  } catch (error) {
    if (error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE") return undefined;
    throw error;
  }
}
