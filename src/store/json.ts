/** Values as bytes: JSON in UTF-8. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Up to this length, most text is ASCII, and a look at it is faster than encoding it. */
const SHORT = 200;

export function encode(value: unknown): Uint8Array {
  return encodeText(JSON.stringify(value));
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Stored JSON: its bytes, or their text or their value if that was read directly. */
export type Encoded = Uint8Array | string | { readonly parsed: unknown };

export function decode(encoded: Encoded): unknown {
  if (typeof encoded === "string") return JSON.parse(encoded);
  return encoded instanceof Uint8Array ? JSON.parse(decoder.decode(encoded)) : encoded.parsed;
}

/** Length of `text` in UTF-8. */
export function byteLength(text: string): number {
  if (text.length > SHORT) return encoder.encode(text).length;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return encoder.encode(text).length;
  }
  return text.length;
}
