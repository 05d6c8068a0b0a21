/** Keeps the end of a text of any length. */

/** The most that is kept, in bytes of UTF-8. */
export const MAX_OUTPUT_BYTES = 32 * 1024;

export interface OutputTail {
  add(text: string): void;
  /** The end of all added text, at most 32 KiB. It begins with a whole character. */
  text(): string;
}

export function createOutputTail(): OutputTail {
  const utf8 = new TextEncoder();
  let kept = "";

  const shorten = () => {
    const bytes = utf8.encode(kept);
    let start = bytes.length - MAX_OUTPUT_BYTES;
    if (start <= 0) return;
    // Bytes 10xxxxxx continue a character that began earlier.
    while (start < bytes.length && (bytes[start]! & 0xc0) === 0x80) start++;
    kept = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start));
  };

  return {
    add(text) {
      kept += text;
      // Shortening copies everything that is kept, so it happens only now and then.
      if (kept.length > 4 * MAX_OUTPUT_BYTES) shorten();
    },
    text() {
      shorten();
      return kept;
    },
  };
}
