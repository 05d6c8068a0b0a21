/** Why a WebSocket was refused: `WebSocket` does not say, but a plain HTTP request for it gets the same refusal. */
import type { ApiError } from "../domain/errors.ts";
import type { Network } from "./network.ts";
import { errorIn, parseMessage } from "./replies.ts";

/** The error that the server refuses this connection with; undefined if it gives none. `url`: of the WebSocket. */
export async function refusalOf(
  network: Network,
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<ApiError | undefined> {
  try {
    const response = await network.fetch(url.replace(/^ws/, "http"), { headers, signal });
    const message = parseMessage(await response.text());
    return message && errorIn(message);
  } catch {
    // No server answers, or not in time. The error of the failed connection says that.
    return undefined;
  }
}
