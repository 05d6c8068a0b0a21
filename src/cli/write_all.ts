/** Complete writes to stdout and stderr: one call to the system may write only a part. */

const utf8 = new TextEncoder();

/** Writes everything. If the reader has gone away (`| head`), the program ends quietly, as other programs do. */
export function writeAllSync(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = utf8.encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += stream.writeSync(bytes.subarray(written));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(141);
    throw error;
  }
}
