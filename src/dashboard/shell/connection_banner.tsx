/** Warns that the page may be out of date, and says when the next connection attempt starts. */
import { duration } from "../../protocol/formats.ts";
import { link } from "../data/server.ts";
import { now } from "../ui/time.tsx";

export function ConnectionBanner() {
  const state = link.value;
  return (
    <div role="status" aria-live="polite">
      {state.state === "lost" && (
        <div class="connection-banner">
          <span>No connection to the server: what you see may be out of date.</span>
          <span>{retryText(state.retry_at - now.value)}</span>
        </div>
      )}
    </div>
  );
}

function retryText(left_ms: number): string {
  return left_ms > 900 ? `Trying again in ${duration(left_ms)}…` : "Trying again…";
}
