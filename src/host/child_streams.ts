/** Child process pipes that cannot hold anyone up for ever. */
import type { Clock, Timer } from "../clock/clock.ts";

/** How long a read may wait for more once the process tree is gone. */
const DRAIN_MS = 500;
const READ_BYTES = 16 * 1024;

/**
 * `source`, pulled on demand. Once `gone` has settled a read that brings nothing for 0.5 s ends it: then only a
 * process that has escaped its tree still holds the pipe.
 */
export function boundedOutput(
  clock: Clock,
  source: ReadableStream<Uint8Array>,
  gone: Promise<void>,
): ReadableStream<Uint8Array> {
  // One buffer for all reads: one of its own for each would be most of the memory that short runs leave behind.
  const reader = source.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(READ_BYTES);
  let is_gone = false;
  let reading = false;
  let bound: Timer | undefined;
  const arm = () => {
    // The pending read then says that the stream is done; a failing cancel means that it is already.
    if (is_gone && reading) bound = clock.after(DRAIN_MS, () => void reader.cancel().catch(() => {}));
  };
  gone.then(() => {
    is_gone = true;
    arm();
  });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      reading = true;
      arm();
      try {
        const { done, value } = await reader.read(new Uint8Array(buffer));
        if (done) return controller.close();
        controller.enqueue(value.slice());
        buffer = value.buffer;
      } finally {
        reading = false;
        bound?.cancel();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** All that `source` brings, as UTF-8, with the one buffer for all reads. */
export async function wholeText(source: ReadableStream<Uint8Array>): Promise<string> {
  const reader = source.getReader({ mode: "byob" });
  const decoder = new TextDecoder();
  let buffer = new ArrayBuffer(READ_BYTES);
  let text = "";
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    buffer = value.buffer;
  }
}

export interface SharedInput {
  /** For the protocol to write to. */
  stream: WritableStream<Uint8Array>;
  /** Closes the pipe, even while the protocol holds the stream locked. Idempotent. */
  close(): void;
}

/** The stdin of a child that both its protocol and its supervisor may close. */
export function sharedInput(pipe: WritableStream<Uint8Array>): SharedInput {
  const writer = pipe.getWriter();
  let closing: Promise<void> | undefined;
  const close = () => closing ??= writer.close();
  return {
    stream: new WritableStream<Uint8Array>({
      write: (chunk) => writer.write(chunk),
      close,
      abort: (reason) => writer.abort(reason),
    }),
    close() {
      // Fails when the process has closed its end, which is as good.
      close().catch(() => {});
    },
  };
}
