/** Reads and closes a child's pipes so that no process can block the server forever. */
import { Buffer } from "node:buffer";
import type { Clock, Timer } from "../../clock/clock.ts";
import { joinedBytes } from "../../domain/bytes.ts";
import type { Masker } from "../../domain/masking.ts";

/** How long a read may wait for more once the process tree is gone. */
const DRAIN_MS = 500;
const READ_BYTES = 16 * 1024;

/**
 * Returns `source`, read on demand. Once `gone` has settled, a read that gets nothing for 0.5 s ends the stream: only a
 * process that has escaped its tree can still hold the pipe. `masker`: masks the bytes as Latin-1, in which each is a character.
 */
export function boundedOutput(
  clock: Clock,
  source: ReadableStream<Uint8Array>,
  gone: Promise<void>,
  masker: Masker,
): ReadableStream<Uint8Array> {
  const masked = masker.stream();
  // One buffer for all reads. A new buffer for each would be most of the garbage of a short run.
  const reader = source.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(READ_BYTES);
  let is_gone = false;
  let reading = false;
  let bound: Timer | undefined;
  const arm = () => {
    // Cancelling makes the pending read report the end of the stream. It fails if the stream has already ended.
    if (is_gone && reading) bound = clock.after(DRAIN_MS, () => void reader.cancel().catch(() => {}));
  };
  gone.then(() => {
    is_gone = true;
    arm();
  });
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      // All that has come may be the beginning of a secret.
      for (let given = false; !given;) {
        reading = true;
        arm();
        try {
          const { done, value } = await reader.read(new Uint8Array(buffer));
          const text = done
            ? masked.end()
            : masked.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1"));
          given = text !== "";
          if (given) controller.enqueue(Uint8Array.from(Buffer.from(text, "latin1")));
          if (done) return controller.close();
          buffer = value.buffer;
        } finally {
          reading = false;
          bound?.cancel();
        }
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

export interface CollectedText {
  /** The whole content of the stream, as UTF-8. Rejects with a `RangeError` if there are more than `max_bytes`. */
  text: Promise<string>;
  /** Stops reading. `text` is then what has been read so far. */
  cancel(): void;
}

/** Reads `source` to its end, with one buffer for all reads. */
export function collectText(source: ReadableStream<Uint8Array>, max_bytes: number): CollectedText {
  const decoder = new TextDecoder();
  let text = "";
  const { done, cancel } = collect(source, max_bytes, (bytes) => {
    text += decoder.decode(bytes, { stream: true });
  });
  return { text: done.then(() => text + decoder.decode()), cancel };
}

export interface CollectedBytes {
  /** The whole content of the stream. Rejects with a `RangeError` if there are more than `max_bytes`. */
  bytes: Promise<Uint8Array<ArrayBuffer>>;
  /** Stops reading. `bytes` is then what has been read so far. */
  cancel(): void;
}

/** `heard` gets the parts as they come, and must not keep them. */
export function collectBytes(
  source: ReadableStream<Uint8Array>,
  max_bytes: number,
  heard?: (bytes: Uint8Array) => void,
): CollectedBytes {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const { done, cancel } = collect(source, max_bytes, (bytes) => {
    parts.push(bytes.slice());
    heard?.(bytes);
  });
  return { bytes: done.then(() => joinedBytes(parts)), cancel };
}

export interface PassedBytes {
  /** Settles when the stream has ended, or `take` wants no more. Rejects with what `take` throws. */
  done: Promise<void>;
  /** Stops reading. */
  cancel(): void;
}

/** Passes on what arrives, until `take` returns false. What it is given is only valid during the call. */
export function passBytes(
  source: ReadableStream<Uint8Array>,
  take: (bytes: Uint8Array) => boolean,
): PassedBytes {
  return collect(source, Infinity, take);
}

function collect(
  source: ReadableStream<Uint8Array>,
  max_bytes: number,
  take: (bytes: Uint8Array) => boolean | void,
): { done: Promise<void>; cancel(): void } {
  const reader = source.getReader({ mode: "byob" });
  async function read(): Promise<void> {
    let buffer = new ArrayBuffer(READ_BYTES);
    let left = max_bytes;
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return;
      if ((left -= value.byteLength) < 0) throw new RangeError(`more than ${max_bytes} bytes`);
      if (take(value) === false) return;
      buffer = value.buffer;
    }
  }
  return {
    done: read(),
    // Fails if the stream has already ended.
    cancel: () => void reader.cancel().catch(() => {}),
  };
}

export interface SharedInput {
  /** For the protocol to write to. Made at its first use. */
  readonly stream: WritableStream<Uint8Array>;
  /** Closes the pipe, even while the protocol holds the stream locked. Idempotent. */
  close(): void;
}

/** A child's stdin that both its protocol and its supervisor may close. */
export function sharedInput(pipe: WritableStream<Uint8Array>): SharedInput {
  const writer = pipe.getWriter();
  let closing: Promise<void> | undefined;
  let stream: WritableStream<Uint8Array> | undefined;
  const close = () => closing ??= writer.close();
  return {
    get stream() {
      return stream ??= new WritableStream<Uint8Array>({
        write: (chunk) => writer.write(chunk),
        close,
        abort: (reason) => writer.abort(reason),
      });
    },
    close() {
      // Fails if the process has closed its end, which is just as good.
      close().catch(() => {});
    },
  };
}
