/** The used part of the ws package's types. Its published types would pull in Node types that differ from Deno's. */
import type { Buffer } from "node:buffer";

export interface ReceiverOptions {
  isServer: boolean;
  /** Bytes of a message, all its fragments together. */
  maxPayload: number;
  maxFragments: number;
  maxBufferedChunks: number;
}

/** Reads frames out of bytes. A Node stream to write to. */
export class Receiver {
  constructor(options: ReceiverOptions);
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => unknown): this;
  on(event: "ping" | "pong", listener: (data: Buffer) => unknown): this;
  /** The peer's close frame: nothing comes after it. */
  on(event: "conclude", listener: (code: number, reason: Buffer) => unknown): this;
  /** Emits the events of all messages that are complete, then calls `done`, unless more bytes are needed. */
  _write(
    chunk: Uint8Array,
    encoding: "buffer",
    done: (error?: Error & { code?: string } | null) => void,
  ): void;
}
