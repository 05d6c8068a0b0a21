/** Keys as Deno KV encodes them in its SQLite file. */
const encoder = new TextEncoder();

/** The bytes of a key of strings without zero bytes. The bytes of longer keys that begin with it begin with these. */
export function bytesOfKey(parts: readonly string[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [2, ...encoder.encode(part), 0]));
}
