/**
 * What a connection still has to send, bounded. A reader that stalls costs at most `LIMIT_BYTES`; beyond that it
 * is given up, and nobody else notices.
 */

/** Bytes that may wait for one connection. */
export const LIMIT_BYTES = 1 << 20;
/** As long as the socket itself holds less than this, messages go straight to it. */
const SOCKET_BYTES = 256 << 10;

export interface Wire {
  send(text: string): void;
  /** Bytes handed over that the network has not taken yet. */
  readonly buffered: number;
}

interface Waiting {
  text: string;
  coalesce?: string;
}

export class Outbox {
  readonly #wire: Wire;
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** False when the bound is passed: the reader is too slow and is to be closed. */
  add(text: string, coalesce?: string): boolean {
    if (this.#waiting.length === 0 && this.#wire.buffered < SOCKET_BYTES) {
      this.#wire.send(text);
      return true;
    }
    if (coalesce !== undefined) {
      const older = this.#waiting.find((one) => one.coalesce === coalesce);
      if (older) {
        this.#bytes += text.length - older.text.length;
        older.text = text;
        return this.#bytes <= LIMIT_BYTES;
      }
    }
    this.#waiting.push({ text, coalesce });
    this.#bytes += text.length;
    return this.#bytes <= LIMIT_BYTES;
  }

  /** Sends what the socket takes; true when nothing waits any more. */
  flush(): boolean {
    let sent = 0;
    while (sent < this.#waiting.length && this.#wire.buffered < SOCKET_BYTES) {
      const { text } = this.#waiting[sent++]!;
      this.#bytes -= text.length;
      this.#wire.send(text);
    }
    this.#waiting.splice(0, sent);
    return this.#waiting.length === 0;
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }
}
