/** Writes to a TCP connection: one write at a time, and what gathers meanwhile goes out together with the next. */
import { Buffer } from "node:buffer";
import type { Connection } from "./connection.ts";

/** The most that one write carries of several pieces. */
const JOINED_MAX = 256 << 10;

export class TcpWriter {
  readonly #conn: Connection;
  readonly #failed: () => void;
  #waiting: Uint8Array[] = [];
  #isWriting = false;
  #drained: (() => void) | undefined;
  /** Bytes that the network has not taken yet. */
  buffered = 0;

  /** `failed`: the connection takes no more. */
  constructor(conn: Connection, failed: () => void) {
    this.#conn = conn;
    this.#failed = failed;
  }

  write(bytes: Uint8Array): void {
    this.buffered += bytes.length;
    this.#waiting.push(bytes);
    if (!this.#isWriting) this.#next();
  }

  /** Calls `then` once everything is taken. */
  whenDrained(then: () => void): void {
    if (this.buffered === 0) then();
    else this.#drained = then;
  }

  #next(): void {
    this.#isWriting = true;
    const bytes = this.#waiting.length === 1 ? this.#waiting.pop()! : this.#joined();
    this.#conn.write(bytes).then((size) => {
      this.buffered -= size;
      if (size < bytes.length) this.#waiting.unshift(bytes.subarray(size));
      if (this.#waiting.length > 0) return this.#next();
      this.#isWriting = false;
      this.#drained?.();
    }, this.#failed);
  }

  /** As many of the waiting pieces as one write carries, but at least one. */
  #joined(): Uint8Array {
    let count = 1;
    let size = this.#waiting[0]!.length;
    while (count < this.#waiting.length && size + this.#waiting[count]!.length <= JOINED_MAX) {
      size += this.#waiting[count++]!.length;
    }
    const pieces = this.#waiting.splice(0, count);
    return count === 1 ? pieces[0]! : Buffer.concat(pieces, size);
  }
}
