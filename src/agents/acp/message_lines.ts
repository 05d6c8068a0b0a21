/** Splits an agent's stdout into lines, one message each. A line that is too long ends the reading. */

/** Thrown by `messageLines`. */
export class LineTooLongError extends Error {
  override readonly name = "LineTooLongError";
  constructor(readonly max_bytes: number) {
    super(`a line longer than ${max_bytes} bytes`);
  }
}

export interface MessageLineOptions {
  max_bytes: number;
  /** Stops reading at once, even if nothing arrives any more. */
  signal: AbortSignal;
  /** Called for whatever arrives. */
  onBytes?: (chunk: Uint8Array) => void;
}

/** The lines of `bytes` without line ends. Bytes that are not UTF-8 become U+FFFD. The last line needs no newline. */
export async function* messageLines(
  bytes: ReadableStream<Uint8Array>,
  { max_bytes, signal, onBytes }: MessageLineOptions,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const reader = bytes.getReader();
  // Fails if the stream has already ended or failed.
  const cancel = () => reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  let parts: Uint8Array[] = [];
  let size = 0;
  const add = (part: Uint8Array) => {
    size += part.length;
    if (size > max_bytes) throw new LineTooLongError(max_bytes);
    parts.push(part);
  };
  const line = () => {
    const text = parts.map((part, index) => decoder.decode(part, { stream: index < parts.length - 1 })).join(
      "",
    );
    parts = [];
    size = 0;
    return text;
  };
  try {
    for (;;) {
      const { value: chunk, done } = await reader.read();
      if (done) break;
      onBytes?.(chunk);
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        add(chunk.subarray(start, end));
        yield line();
        start = end + 1;
      }
      if (start < chunk.length) add(chunk.subarray(start));
    }
    if (size > 0) yield line();
  } finally {
    signal.removeEventListener("abort", cancel);
    await cancel();
  }
}
