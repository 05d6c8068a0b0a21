/** A TCP connection as a Node stream, for node:http, which gives it back when it becomes a WebSocket. */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Clock, Timer } from "../../clock/clock.ts";
import type { Connection } from "./connection.ts";
import type { ClientCertificate } from "./listener.ts";

const READ_BYTES = 16 << 10;
/** How long a connection may be open without a request. node:http says sooner what is wrong with one that is unfinished. */
const IDLE_MS = 15_000;

/** A connection that was taken out of a stream. */
export interface TakenConnection {
  conn: Connection;
  /** What was read from it already. */
  first: Uint8Array;
  /** A read under way; null at the end. */
  next: Promise<Uint8Array | null> | undefined;
}

export class TcpStream extends Duplex {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly certificate: ClientCertificate | undefined;
  readonly #conn: Connection;
  readonly #clock: Clock;
  #reading: Promise<Uint8Array | null> | undefined;
  #isTaken = false;
  #idle: Timer | undefined;
  /** Whether a request is being read or answered. */
  isBusy = false;

  constructor(conn: Connection, clock: Clock) {
    // What the peer no longer sends, it no longer waits for.
    super({ allowHalfOpen: false });
    this.#conn = conn;
    this.#clock = clock;
    this.remoteAddress = conn.remoteAddr.hostname;
    this.remotePort = conn.remoteAddr.port;
    this.certificate = conn.certificate;
    this.idle();
  }

  /** The connection itself. The stream is of no further use. `head`: what the stream's reader has left over. */
  release(head: Uint8Array): TakenConnection {
    this.#isTaken = true;
    this.#idle?.cancel();
    this.pause();
    const rest: Uint8Array[] = [head];
    for (let chunk: Buffer | null; (chunk = this.read());) rest.push(chunk);
    this.emit("released");
    return { conn: this.#conn, first: Buffer.concat(rest), next: this.#reading };
  }

  /** A request is being read or answered. */
  busy(): void {
    this.isBusy = true;
    this.#idle?.cancel();
  }

  /** No request is being read or answered: another may come for a while. */
  idle(): void {
    this.isBusy = false;
    this.#idle?.cancel();
    if (!this.destroyed && !this.#isTaken) this.#idle = this.#clock.after(IDLE_MS, () => this.destroy());
    this.emit("idle");
  }

  /** node:http asks for a time limit that `idle` sets. */
  readonly setTimeout = (): this => this;

  /** As of a socket of node:net: ends once all is sent. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  override _read(): void {
    if (this.#reading || this.#isTaken) return;
    this.#reading = this.#readOnce();
    this.#reading.then((chunk) => {
      if (this.#isTaken) return;
      this.#reading = undefined;
      this.push(chunk);
    }, (error) => {
      if (!this.#isTaken) this.destroy(error);
    });
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.#writeAll(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#conn.closeWrite().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#idle?.cancel();
    if (!this.#isTaken) closeConnection(this.#conn);
    done(error);
  }

  async #readOnce(): Promise<Uint8Array | null> {
    const bytes = Buffer.allocUnsafe(READ_BYTES);
    const size = await this.#conn.read(bytes);
    return size === null ? null : bytes.subarray(0, size);
  }

  async #writeAll(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await this.#conn.write(rest));
  }
}

/** Closes it unless it is closed. */
export function closeConnection(conn: Connection): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
