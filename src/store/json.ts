/** Values as bytes: JSON in UTF-8. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Short values share a buffer, since a buffer of its own costs more than its bytes. It is freed with the last of them. */
const SHARED_BYTES = 32 << 10;
const SHARED_MOST = 4 << 10;
let shared = new Uint8Array(0);
let used = SHARED_BYTES;

export function encode(value: unknown): Uint8Array {
  return encodeText(JSON.stringify(value));
}

export function encodeText(text: string): Uint8Array {
  // A character of UTF-16 has at most three bytes in UTF-8.
  const most = text.length * 3;
  if (most > SHARED_MOST) return encoder.encode(text);
  if (most > SHARED_BYTES - used) {
    shared = new Uint8Array(SHARED_BYTES);
    used = 0;
  }
  const start = used;
  used += encoder.encodeInto(text, shared.subarray(start)).written;
  return shared.subarray(start, used);
}

/** Stored JSON: its bytes, or their text or their value if that was read directly. */
export type Encoded = Uint8Array | string | { readonly parsed: unknown };

export function decode(encoded: Encoded): unknown {
  if (typeof encoded === "string") return JSON.parse(encoded);
  return encoded instanceof Uint8Array ? JSON.parse(decoder.decode(encoded)) : encoded.parsed;
}
