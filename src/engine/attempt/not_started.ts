/** The event of an agent that could not be started. */
import { getLogger } from "@logtape/logtape";
import type { AttemptEvent } from "../../domain/attempt/events.ts";
import { ApiError } from "../../domain/errors.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** An error other than `ApiError` is a bug of the server. Its details go only to the server's log. */
export function notStarted(
  task_id: string,
  error: unknown,
): Extract<AttemptEvent, { kind: "not_started" }> {
  if (error instanceof ApiError) {
    const { code, message, details } = error;
    return { kind: "not_started", error: message, details: { code, ...details } };
  }
  log.error("Task {task_id} could not be started: {error}", { task_id, error });
  return { kind: "not_started", error: "Internal error", details: {} };
}
