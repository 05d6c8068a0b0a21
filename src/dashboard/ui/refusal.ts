/** Why the server refused, for people. */
import { ApiError } from "../../domain/errors.ts";

/** The error's message, with the files that it is about. */
export function refusalText(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const { message, details: { files } } = error;
  return Array.isArray(files) && files.length > 0 ? `${message}: ${files.join(", ")}` : message;
}
