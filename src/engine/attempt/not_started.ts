/** The event of an agent that could not be started. */
import { getLogger } from "@logtape/logtape";
import type { AttemptEvent } from "../../domain/attempt/events.ts";
import { ApiError, type ErrorCode } from "../../domain/errors.ts";
import type { Failure, FailureKind } from "../../domain/failure.ts";
import { isFullDisk } from "../../domain/full_disk.ts";
import { isNotAnswering } from "../../host/folder_looks.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** An error other than `ApiError` is a bug of the server. Its details go only to the server's log. */
export function notStarted(
  task_id: string,
  error: unknown,
): Extract<AttemptEvent, { kind: "not_started" }> {
  if (error instanceof ApiError) {
    const { code, message, details } = error;
    const failure: Failure = { kind: kindOf(error), message };
    // A full disk is no conflict, and a folder that does not answer may answer later.
    if (isFullDisk(failure) || isNotAnswering(error)) failure.kind = "overloaded";
    return { kind: "not_started", failure, details: { code, ...details } };
  }
  log.error("Task {task_id} could not be started: {error}", { task_id, error });
  return { kind: "not_started", failure: { kind: "bug", message: "Internal error" }, details: {} };
}

const KINDS: Partial<Record<ErrorCode, FailureKind>> = {
  SERVER_OVERLOAD: "overloaded",
  DISK_SPACE_EXCEEDED: "overloaded",
  INVALID_FIELD_VALUE: "refused",
  PERMISSION_DENIED: "permission_denied",
  // A worktree that cannot be made.
  FILESYSTEM_ERROR: "conflict",
  CHANGES_CONFLICT: "conflict",
};

/** What keeps an agent from starting is otherwise missing or wrong here: its program, its folder or a setting. */
function kindOf({ code }: ApiError): FailureKind {
  return KINDS[code] ?? "not_installed";
}
