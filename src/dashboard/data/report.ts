/** Where failures go that nobody waits for: to the browser's own error event, which the page shows. */
import { wantsKey } from "./key.ts";

/** A key that is wanted is asked for instead. */
export function report(error: unknown): void {
  if (!wantsKey(error)) reportError(error);
}
