/** Turns failures into replies: expected ones are answered as they are; bugs are logged and answered without details. */
import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { RequestId } from "../protocol/exchange.ts";
import type { ErrorReply } from "../protocol/messages.ts";

const log = getLogger(["opencode-agents", "api"]);

/** `doing` names what failed, for the log. */
export function errorReply(error: unknown, clock: Clock, doing: string, request_id?: RequestId): ErrorReply {
  const known = error instanceof ApiError ? error : unexpected(error, doing);
  return {
    type: "error",
    request_id,
    code: known.code,
    message: known.message,
    details: known.details,
    timestamp: isoTime(clock.now()),
  };
}

function unexpected(error: unknown, doing: string): ApiError {
  log.error("Unexpected failure of {doing}: {error}", { doing, error });
  return new ApiError("SERVICE_UNAVAILABLE", "Internal error. The server's log says more.", {
    operation: doing,
  });
}
