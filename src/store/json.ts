/** Values as bytes: JSON in UTF-8. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encode(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export function decode(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes));
}

/** Length of `text` in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}
