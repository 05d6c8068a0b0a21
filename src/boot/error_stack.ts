/** Which errors are logged with their stack. */
import { ApiError } from "../domain/errors.ts";

/**
 * The stack of an unexpected error; undefined for an expected one, and for one that says that no file can be opened.
 * To write out a stack, Deno opens the source map of each module in it, and without a free file it ends the process.
 */
export function unexpectedStack(error: Error): string | undefined {
  if (error instanceof ApiError || isOutOfFiles(error)) return undefined;
  return error.stack;
}

function isOutOfFiles(error: Error & { code?: unknown }): boolean {
  return error.code === "EMFILE" || error.code === "ENFILE" || /\(os error (23|24)\)/.test(error.message);
}
