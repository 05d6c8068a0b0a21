/** Says when what is shown may be out of date, why, and when it will be tried again. */
import { link } from "./data/server.ts";
import { duration } from "../protocol/formats.ts";
import { now } from "./ui/time.tsx";

export function ConnectionBanner() {
  const state = link.value;
  return (
    <div role="status" aria-live="polite">
      {state.state === "lost" && (
        <div class="connection-banner">
          <span>No connection to the server: what you see may be out of date.</span>
          <span>{whenAgain(state.retry_at - now.value)}</span>
        </div>
      )}
    </div>
  );
}

function whenAgain(left_ms: number): string {
  return left_ms > 900 ? `Trying again in ${duration(1000 * Math.ceil(left_ms / 1000))}…` : "Trying again…";
}
