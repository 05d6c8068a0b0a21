/** Who delegates to whom: a task started by a task's agent names its parent, and the chain is bounded. */
import { DELEGATION_DEPTH_MAX } from "../../domain/delegation.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Task } from "../../domain/task.ts";
import type { McpBackend } from "./backend.ts";

export interface Lineage {
  parent_task: string;
  delegation_depth: number;
}

/** The new task's metadata about its origin. Throws `INVALID_FIELD_VALUE` if the chain would be too long. */
export function lineageBelow(parent: Task, max_depth = DELEGATION_DEPTH_MAX): Lineage {
  const above = parent.metadata?.delegation_depth;
  const delegation_depth = (typeof above === "number" && above > 0 ? Math.floor(above) : 0) + 1;
  if (delegation_depth > max_depth) {
    throw new ApiError(
      "INVALID_FIELD_VALUE",
      `Task '${parent.id}' is itself ${max_depth} delegations deep and may not delegate further: do the work yourself`,
      { field: "metadata.delegation_depth", value: delegation_depth, expected: `at most ${max_depth}` },
    );
  }
  return { parent_task: parent.id, delegation_depth };
}

/** The task whose agent calls; undefined if it is not a task of this server. */
export async function callingTask(
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
