/** Complete writes to stdout and stderr: one call to the system may write only a part. */
import { ApiError } from "../domain/errors.ts";
import { EXIT } from "./exit_codes.ts";

const utf8 = new TextEncoder();

export function writeAllSync(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = utf8.encode(text);
  for (let written = 0; written < bytes.length;) written += stream.writeSync(bytes.subarray(written));
}

/**
 * Writes to stdout. If the reader has gone away (`| head`), the program ends quietly, as other programs do. Throws
 * `ApiError` for other reasons, such as a full disk.
 */
export function writeStdout(text: string): void {
  try {
    writeAllSync(Deno.stdout, text);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(EXIT.unread);
    const reason = (error as Error).message;
    const code = /no space|quota/i.test(reason) ? "DISK_SPACE_EXCEEDED" : "FILESYSTEM_ERROR";
    throw new ApiError(code, `stdout cannot be written: ${reason}`, { reason });
  }
}

/** Writes to stderr. What cannot be written there cannot be reported either, and is no reason to end. */
export function writeStderr(text: string): void {
  try {
    writeAllSync(Deno.stderr, text);
  } catch {
    // Closed, or on a full disk.
  }
}
