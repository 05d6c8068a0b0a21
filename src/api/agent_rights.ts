/** What the agent of a task may do: look, and change what its own task has started. */
import type { Actor } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import type { ApiContext } from "./capability.ts";
import type { AnyCapability } from "./table.ts";

/** Throws `PERMISSION_DENIED` for an agent that may not send this. An unknown task is left to the handler. */
export function refuseAgent(
  actor: Actor,
  { type, permission, agentChanges }: AnyCapability,
  request: Parameters<AnyCapability["handle"]>[0],
  { queries }: Pick<ApiContext, "queries">,
): void {
  if (actor.kind !== "agent" || permission === "read" || permission === "none") return;
  const own = actor.id!;
  if (agentChanges === undefined) {
    throw denied(own, `use '${type}'. Leave it to a person: say in your answer what is to be done`, {
      message_type: type,
    });
  }
  for (const task_id of agentChanges(request)) {
    if (!queries.has(task_id) || queries.isBelow(task_id, own)) continue;
    const instead = task_id === own
      ? "which is its own. Do the work, or say in your answer what is to be done"
      : "which it has not started. Leave that task as it is, or start one of your own";
    throw denied(own, `use '${type}' on task '${task_id}', ${instead}`, { task_id });
  }
}

function denied(own: string, what: string, details: Record<string, unknown>): ApiError {
  return new ApiError("PERMISSION_DENIED", `The agent of task '${own}' may not ${what}`, {
    ...details,
    calling_task: own,
  });
}
