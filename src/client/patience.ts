/** How long the server asks to wait, and a request that waits so long. */
import { ApiError } from "../domain/errors.ts";

/** Limits on requests are per minute, so no wait for one is longer. */
const LIMIT_MAX_MS = 60_000;
/** The wait if the server does not say how long. */
const LIMIT_MS = 1000;

/** How long the error's server asks to wait, in milliseconds; 0 if it does not say. */
export function askedWait({ details }: ApiError): number {
  return 1000 * (Number(details.retry_after_seconds) || 0);
}

/**
 * Repeats a request that a limit refused, as soon as the limit allows. `waits` is called before each wait. Rejects with
 * any other error of `ask`.
 */
export async function patiently<T>(
  ask: () => Promise<T>,
  pause: (wait_ms: number) => Promise<void>,
  waits?: (wait_ms: number) => void,
): Promise<T> {
  while (true) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "RATE_LIMIT_EXCEEDED") throw error;
      const wait_ms = Math.min(LIMIT_MAX_MS, askedWait(error) || LIMIT_MS);
      waits?.(wait_ms);
      await pause(wait_ms);
    }
  }
}
