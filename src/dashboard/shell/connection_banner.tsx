/** Warns that the page may be out of date, and says when the next connection attempt starts. */
import type { ApiError } from "../../domain/errors.ts";
import { duration } from "../../protocol/formats.ts";
import { link } from "../data/server.ts";
import { isLimit, limitText } from "../pages/limits/limit_names.ts";
import { now } from "../ui/time.tsx";

export function ConnectionBanner() {
  const state = link.value;
  return (
    <div role="status" aria-live="polite">
      {state.state === "lost" && (
        <div class="connection-banner">
          <span>{reasonText(state.reason)}</span>
          <span>{retryText(state.retry_at - now.value)}</span>
        </div>
      )}
    </div>
  );
}

/** The server's refusal, if there was one. A connection that is merely gone needs no reason. */
function reasonText({ code, message, details: { limit, current_limit } }: ApiError): string {
  if (code === "CONNECTION_LOST" || code === "HEARTBEAT_TIMEOUT") {
    return "No connection to the server: what you see may be out of date.";
  }
  // The message of a limit that cannot be configured, such as the one on wrong keys, says it all.
  const limited = isLimit(limit) ? ` (${limitText(limit, Number(current_limit))})` : "";
  return `The server refuses the connection: ${message}${limited}`;
}

function retryText(left_ms: number): string {
  return left_ms > 900 ? `Trying again in ${duration(left_ms)}…` : "Trying again…";
}
