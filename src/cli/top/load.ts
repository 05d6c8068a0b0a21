/** What `top` loads before pushes keep it up to date. */
import type { Requester } from "../../client/replies.ts";
import { isFinished } from "../../domain/task_values.ts";
import { ApiError } from "../../domain/errors.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import { type Task, TaskStatus } from "../../domain/task.ts";
import { OPEN_STATUSES } from "./board.ts";

const OPEN_MAX = 200;
const ENDED_MAX = 50;

/** The tasks that need somebody, those that have not ended, and the latest ended ones. */
export async function loadTasks(server: Requester): Promise<Task[]> {
  const needy = await server.request("list_tasks", { filter: { needs: "any" }, limit: OPEN_MAX });
  const open = await server.request("list_tasks", {
    filter: { status: OPEN_STATUSES },
    sort: { field: "created_at", order: "asc" },
    limit: OPEN_MAX,
  });
  const ended = await server.request("list_tasks", {
    filter: { status: TaskStatus.options.filter(isFinished) },
    sort: { field: "completed_at", order: "desc" },
    limit: ENDED_MAX,
  });
  const all = [...needy.tasks, ...open.tasks, ...ended.tasks];
  return [...new Map(all.map((task) => [task.id, task])).values()];
}

/** Undefined if the server may not read its machine's resources; the board is useful without them. */
export async function loadResources(server: Requester): Promise<SystemResources | undefined> {
  try {
    return (await server.request("request_system_resources")).data;
  } catch (error) {
    if (error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE") return undefined;
    throw error;
  }
}
