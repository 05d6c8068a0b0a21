/** Reports failures that nobody awaits through the browser's error event, which the page shows. */
import { needsKey } from "./key.ts";

/** Asks for the key instead if the error means that one is needed. */
export function report(error: unknown): void {
  if (!needsKey(error)) reportError(error);
}
