/**
 * The task that a caller without a token says it belongs to. Anyone can say so: the new task only bears its name, and gets
 * nothing from it. An agent that shows its token is known to the server itself.
 */
import { ApiError } from "../../domain/errors.ts";
import type { Task } from "../../domain/task.ts";
import type { McpBackend } from "./backend.ts";

/** The named task; undefined if it is not a task of this server. */
export async function namedTask(
  backend: McpBackend,
  caller: string | undefined,
): Promise<Task | undefined> {
  if (caller === undefined || caller === "") return undefined;
  try {
    return (await backend.request("get_task_status", { task_id: caller })).task;
  } catch (error) {
    // TASK_ID is a common name: another program's value may be no task here, or no valid id.
    const codes = ["TASK_NOT_FOUND", "INVALID_FIELD_FORMAT"];
    if (error instanceof ApiError && codes.includes(error.code)) return undefined;
    throw error;
  }
}
