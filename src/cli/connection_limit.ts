/** Why a WebSocket was refused: `WebSocket` itself does not tell, a request that asks for the upgrade does. */
import type { Clock } from "../clock/clock.ts";
import type { ApiError } from "../domain/errors.ts";
import { socketAddress } from "../client/addresses.ts";
import { errorIn, parseMessage } from "../client/replies.ts";

const ANSWER_MS = 3000;
const TOO_MANY = 429;

/**
 * The limit that keeps new connections out, `details.retry_after_seconds` telling for how long; undefined when no
 * limit is the reason, which the error of the attempt itself then tells best.
 */
export async function connectionLimit(
  url: string,
  clock: Clock,
): Promise<ApiError | undefined> {
  const bound = new AbortController();
  const timer = clock.after(ANSWER_MS, () => bound.abort());
  try {
    // Without a key it is no handshake, so even a server that would let us in now opens nothing.
    const headers = { upgrade: "websocket" };
    const response = await fetch(socketAddress(url).replace(/^ws/, "http"), {
      headers,
      signal: bound.signal,
    });
    const text = await response.text();
    const message = response.status === TOO_MANY ? parseMessage(text) : undefined;
    return message && errorIn(message);
  } catch {
    // Nobody there: the attempt's own error says so.
    return undefined;
  } finally {
    timer.cancel();
  }
}
