/**
 * The bounded queue of messages that a connection has to send. A reader that stalls costs at most `LIMIT_BYTES` of
 * pushes; beyond that its connection is closed, and no other client is affected. Replies do not count, because a client
 * gets no further reply until it has taken the previous one.
 */

/** Bytes of pushes that may wait for one connection. */
export const LIMIT_BYTES = 1 << 20;
/** While the socket buffers less than this, messages go straight to it. */
const SOCKET_BYTES = 256 << 10;

export interface Wire {
  send(text: string): void;
  /** Bytes passed to the socket that the network has not taken yet. */
  readonly buffered: number;
}

interface Waiting {
  text: string;
  coalesce?: string;
  isReply?: boolean;
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

  /** Whether the reader has taken all but what its socket holds. */
  get isFree(): boolean {
    return this.#waiting.length === 0 && this.#wire.buffered < SOCKET_BYTES;
  }

  reply(text: string): void {
    if (this.isFree) this.#wire.send(text);
    else this.#waiting.push({ text, isReply: true });
  }

  /** Returns false if the bound is exceeded: the reader is too slow and must be closed. */
  push(text: string, coalesce?: string): boolean {
    if (this.isFree) {
      this.#wire.send(text);
      return true;
    }
    this.#bytes += text.length;
    const older = coalesce === undefined ? undefined : this.#waiting.find((one) => one.coalesce === coalesce);
    if (older) {
      this.#bytes -= older.text.length;
      older.text = text;
    } else this.#waiting.push({ text, coalesce });
    return this.#bytes <= LIMIT_BYTES;
  }

  /** Sends as much as the socket takes. Returns true if nothing waits any more. */
  flush(): boolean {
    let sent = 0;
    while (sent < this.#waiting.length && this.#wire.buffered < SOCKET_BYTES) {
      const { text, isReply } = this.#waiting[sent++]!;
      if (!isReply) this.#bytes -= text.length;
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
