/**
 * What a connection still has to send, bounded. A reader that stalls costs at most `LIMIT_BYTES` of pushes; beyond
 * that it is given up, and nobody else notices. Replies do not count: nobody is answered again who has not taken the
 * reply before.
 */

/** Bytes of pushes that may wait for one connection. */
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

  /** False when the bound is passed: the reader is too slow and is to be closed. */
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

  /** Sends what the socket takes; true when nothing waits any more. */
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
