/** A WebSocket on a TCP connection that closes in time, whatever its peer does. ws reads the frames. */
import { Buffer } from "node:buffer";
import { getLogger } from "@logtape/logtape";
// @ts-types="./ws_types.d.ts"
import { Receiver } from "ws";
import type { Clock, Timer } from "../../clock/clock.ts";
import type { Connection } from "./connection.ts";
import { closeFrame, frame, OPCODE, textFrame } from "./frame.ts";
import type { Socket } from "./listener.ts";
import { closeConnection, type TakenConnection } from "./tcp_stream.ts";
import { TcpWriter } from "./tcp_writer.ts";

const log = getLogger(["opencode-agents", "server"]);

/** How often a peer is pinged. A peer that has sent nothing since the last ping is gone. */
const HEARTBEAT_MS = 30_000;
/** How long a peer has to read what was sent before the close, and to answer the close. */
const CLOSE_WITHIN_MS = 30_000;
/** The same for a peer that broke the protocol. Nothing more is read from it. */
const BROKEN_WITHIN_MS = 1000;
/** Messages that may still arrive after the close was sent. */
const LATE_MESSAGES_MAX = 100;
/** Pings of a peer between two heartbeats; a peer that sends more is dropped. */
const PINGS_MAX = 1000;
/** Bounds of ws on what a message is cut into. */
const FRAGMENTS_MAX = 16 << 10;
const CHUNKS_MAX = 256 << 10;

const READ_BYTES = 16 << 10;
const NOTHING = new Uint8Array(0);

/** Close codes by the error codes that ws documents. Any other error means that the peer broke the protocol. */
const CLOSE_CODES: Record<string, number> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
};
const PROTOCOL_ERROR = 1002;
/** What ws reports for a close without a code. */
const NO_CODE = 1005;

export interface HardenedSocketOptions {
  taken: TakenConnection;
  clock: Clock;
  max_message_bytes: number;
  /** The answer to the handshake, which goes before all frames. */
  handshake: Uint8Array;
}

export class HardenedSocket implements Socket {
  onopen: (() => unknown) | null = null;
  onmessage: ((event: { data: unknown }) => unknown) | null = null;
  onclose: (() => unknown) | null = null;
  onerror: (() => unknown) | null = null;
  readonly #conn: Connection;
  readonly #clock: Clock;
  readonly #heartbeat: Timer;
  readonly #writer: TcpWriter;
  readonly #receiver: Receiver;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #isAlive = true;
  #isEnded = false;
  /** A close frame was sent, and nothing may follow it. */
  #isClosing = false;
  /** Nothing more is read. */
  #isDeaf = false;
  #closing: Timer | undefined;
  #late = 0;
  #pings = 0;

  constructor({ taken, clock, max_message_bytes, handshake }: HardenedSocketOptions) {
    this.#conn = taken.conn;
    this.#clock = clock;
    this.#conn.setNoDelay(true);
    this.#writer = new TcpWriter(this.#conn, this.#terminate);
    this.#receiver = new Receiver({
      isServer: true,
      maxPayload: max_message_bytes,
      maxFragments: FRAGMENTS_MAX,
      maxBufferedChunks: CHUNKS_MAX,
    });
    this.#receiver.on("message", (data, isBinary) => this.#receive(data, isBinary));
    this.#receiver.on("ping", (data) => this.#answerPing(data));
    this.#receiver.on("conclude", (code) => this.#concluded(code));
    this.#heartbeat = clock.every(HEARTBEAT_MS, () => this.#beat());
    this.#writer.write(handshake);
    queueMicrotask(() => {
      this.onopen?.();
      if (taken.first.length > 0) this.#take(taken.first);
      if (taken.next) {
        taken.next.then((chunk) => chunk ? this.#took(chunk) : this.#terminate(), this.#terminate);
      } else this.#readOn();
    });
  }

  get bufferedAmount(): number {
    return this.#writer.buffered;
  }

  send(text: string): void {
    if (!this.#isClosing && !this.#isEnded) this.#writer.write(textFrame(text));
  }

  close(code: number, reason: string): void {
    this.#sendClose(code, reason);
    this.#terminateWithin(CLOSE_WITHIN_MS);
  }

  #sendClose(code: number | undefined, reason?: string): void {
    if (this.#isClosing || this.#isEnded) return;
    this.#isClosing = true;
    this.#heartbeat.cancel();
    this.#writer.write(closeFrame(code, reason));
  }

  readonly #readOn = (): void => {
    if (!this.#isDeaf && !this.#isEnded) this.#conn.read(this.#buffer).then(this.#read, this.#terminate);
  };

  readonly #read = (size: number | null): void => {
    // Copied, because ws keeps what belongs to a message that is not complete.
    if (size === null) this.#terminate();
    else this.#took(Buffer.from(this.#buffer.subarray(0, size)));
  };

  #took(chunk: Uint8Array): void {
    this.#take(chunk);
    this.#readOn();
  }

  /** An exception must end this connection and not the process. */
  #take(chunk: Uint8Array): void {
    this.#isAlive = true;
    try {
      // Its inner method: through its queue, each message would cost half as much again.
      this.#receiver._write(chunk, "buffer", this.#taken);
    } catch (error) {
      log.error("A connection failed: {error}", { error });
      this.#terminate();
    }
  }

  readonly #taken = (error?: Error & { code?: string } | null): void => {
    if (!error) return;
    this.onerror?.();
    this.#isDeaf = true;
    this.#sendClose(CLOSE_CODES[error.code ?? ""] ?? PROTOCOL_ERROR);
    this.#finishWithin(BROKEN_WITHIN_MS);
  };

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#isEnded) return;
    if (this.#isClosing && ++this.#late > LATE_MESSAGES_MAX) return this.#terminate();
    this.onmessage?.({ data: isBinary ? data : data.toString() });
  }

  #answerPing(data: Buffer): void {
    // Pongs for a peer that sends pings and reads nothing would pile up.
    if (++this.#pings > PINGS_MAX) return this.#terminate();
    if (!this.#isClosing) this.#writer.write(frame(OPCODE.pong, data));
  }

  /** The peer's close: the answer to ours, or to be answered. */
  #concluded(code: number): void {
    this.#isDeaf = true;
    this.#sendClose(code === NO_CODE ? undefined : code);
    this.#finishWithin(CLOSE_WITHIN_MS);
  }

  /** Ends our side once all is sent, and the connection once the peer has ended its own, or after `ms`. */
  #finishWithin(ms: number): void {
    this.#terminateWithin(ms);
    this.#writer.whenDrained(() => {
      if (this.#isEnded) return;
      this.#conn.closeWrite().then(() => this.#discard(), this.#terminate);
    });
  }

  /** Reads to the end without looking: a connection with unread bytes would be reset, and the close frame lost. */
  async #discard(): Promise<void> {
    try {
      while (await this.#conn.read(this.#buffer) !== null) {
        if (++this.#late > LATE_MESSAGES_MAX) break;
      }
    } catch {
      // It is gone.
    }
    this.#terminate();
  }

  /** Drops the connection if its peer has sent nothing since the last heartbeat; else pings it. */
  #beat(): void {
    if (!this.#isAlive) return this.#terminate();
    this.#isAlive = false;
    this.#pings = 0;
    this.#writer.write(frame(OPCODE.ping, NOTHING));
  }

  #terminateWithin(ms: number): void {
    this.#closing ??= this.#clock.after(ms, this.#terminate);
  }

  readonly #terminate = (): void => {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#heartbeat.cancel();
    this.#closing?.cancel();
    closeConnection(this.#conn);
    this.onclose?.();
  };
}
