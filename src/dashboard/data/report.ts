/** Reports failures that nobody awaits through the browser's error event, which the page shows. */
import { needsKey } from "./key.ts";

/** A missing key is asked for instead. */
export function report(error: unknown): void {
  if (!needsKey(error)) reportError(error);
}
