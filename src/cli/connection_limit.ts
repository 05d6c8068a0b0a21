/** Why a WebSocket was refused: `WebSocket` does not say, but an HTTP request for the upgrade gets the reason. */
import type { Clock } from "../clock/clock.ts";
import type { ApiError } from "../domain/errors.ts";
import { socketAddress } from "../client/addresses.ts";
import { errorIn, parseMessage } from "../client/replies.ts";

const ANSWER_MS = 3000;
const TOO_MANY = 429;

/**
 * The error of the limit that refuses new connections, with `details.retry_after_seconds`. Undefined if no limit is
 * the reason; then the error of the failed connection says more.
 */
export async function connectionLimit(
  url: string,
  clock: Clock,
): Promise<ApiError | undefined> {
  const bound = new AbortController();
  const timer = clock.after(ANSWER_MS, () => bound.abort());
  try {
    // Without Sec-WebSocket-Key this is not a handshake, so the server opens no connection even if it would accept one.
    const headers = { upgrade: "websocket" };
    const response = await fetch(socketAddress(url).replace(/^ws/, "http"), {
      headers,
      signal: bound.signal,
    });
    const text = await response.text();
    const message = response.status === TOO_MANY ? parseMessage(text) : undefined;
    return message && errorIn(message);
  } catch {
    // No server answered, which the error of the failed connection says.
    return undefined;
  } finally {
    timer.cancel();
  }
}
