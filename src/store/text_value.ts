/**
 * A text and what is known of it, in one value: JSON on one line, then the text as it is. As JSON, a text with colors could
 * grow sixfold. Pure.
 */
import { encodeStored } from "./stored_values.ts";

/** The most bytes besides the text. The text has at most 32 KiB, so that both fit into a value. */
const REST_BYTES_MAX = 22 << 10;
const TEXT_BYTES_MAX = 40 << 10;
const LINE_FEED = 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The value always fits: a text of more than 40 KiB loses its beginning, and a head of more than 22 KiB is replaced by `least`.
 */
export function textValue(head: unknown, least: unknown, text: string): Uint8Array {
  const full = encodeStored(head);
  const kept = full.length <= REST_BYTES_MAX ? full : encodeStored(least);
  const body = tail(encoder.encode(text));
  const value = new Uint8Array(kept.length + 1 + body.length);
  value.set(kept);
  // JSON on one line contains no line feed, so the first line feed ends it.
  value[kept.length] = LINE_FEED;
  value.set(body, kept.length + 1);
  return value;
}

/** The head, to be decoded, and the text. The head of a value that is none of these is empty, which no decoder takes. */
export function valueOfText(value: Uint8Array): { head: Uint8Array; text: string } {
  const end = value.indexOf(LINE_FEED);
  return { head: value.subarray(0, Math.max(0, end)), text: decoder.decode(value.subarray(end + 1)) };
}

/** The last bytes that fit, beginning with a whole character. */
function tail(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= TEXT_BYTES_MAX) return bytes;
  let start = bytes.length - TEXT_BYTES_MAX;
  while ((bytes[start]! & 0xc0) === 0x80) start++;
  return bytes.subarray(start);
}
