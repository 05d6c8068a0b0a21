/** A write to stdout or stderr may take only a part. */

const utf8 = new TextEncoder();

/** Writes everything; a reader that has gone away (`| head`) ends the program quietly, as it ends any other. */
export function writeAllSync(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = utf8.encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += stream.writeSync(bytes.subarray(written));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(141);
    throw error;
  }
}
