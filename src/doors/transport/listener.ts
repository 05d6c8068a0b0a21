/**
 * The listening socket, which is opened again when it fails: a transport ends if accepting fails once, for example when
 * the process has no file left. Otherwise a client that opens many connections would lock everybody out for good.
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import type { ServedTls } from "./served_tls.ts";

const log = getLogger(["opencode-agents", "server"]);

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2000;

/** The part of the standard `WebSocket` that a connection uses. Text arrives as a string, binary frames as bytes. */
export interface Socket {
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  /** May be called twice. */
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(text: string): void;
  /** Bytes passed to the socket that the network has not taken yet. */
  readonly bufferedAmount: number;
  close(code: number, reason: string): void;
}

/** Where a request comes from, and how to upgrade its connection. */
export interface Caller {
  ip: string;
  /** The peer's port. */
  port: number;
  /** The certificate that the client has shown, if it is valid. */
  certificate?: ClientCertificate;
  /** Throws if the request is not a WebSocket handshake. `response`: the answer to it. */
  upgrade(): { socket: Socket; response: Response };
}

/** A client's certificate that one of the configured authorities has signed. */
export interface ClientCertificate {
  /** The common name of its subject. */
  subject: string;
  /** Until when it is valid, in milliseconds since the epoch. */
  expires_ms: number;
}

export type Answer = (request: Request, caller: Caller) => Response | Promise<Response>;

export interface TransportOptions {
  clock: Clock;
  host: string;
  /** 0 picks a free one. */
  port: number;
  /** Chosen for each WebSocket whose client offers it. */
  subprotocol: string;
  answer: Answer;
  max_message_bytes: number;
  /** With it, all connections are encrypted. */
  tls?: ServedTls;
}

/** Accepts connections and speaks HTTP and WebSocket on them, until it ends. */
export interface Transport {
  readonly port: number;
  /** Settles when the transport no longer accepts connections. */
  readonly finished: Promise<void>;
  /** Accepts no more connections. Resolves when the requests that are being answered are done. */
  shutdown(): Promise<void>;
}

/** Rejects with `Deno.errors.AddrInUse` or another error if it cannot listen there. */
export type OpenTransport = (options: TransportOptions) => Promise<Transport>;

/**
 * Listens, and opens the transport again on the same port whenever it ends. Rejects with `SERVICE_UNAVAILABLE` if it
 * cannot listen there.
 */
export async function listen(open: OpenTransport, options: TransportOptions): Promise<Listener> {
  const { host, port } = options;
  try {
    return new Listener(open, options, await open(options));
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "another program listens there"
      : (error as Error).message;
    throw new ApiError(
      "SERVICE_UNAVAILABLE",
      `Cannot listen on ${host}:${port}: ${reason}. Choose another with --port.`,
      { host, port, reason },
    );
  }
}

export class Listener {
  readonly port: number;
  readonly #open: OpenTransport;
  readonly #options: TransportOptions;
  #transport: Transport | undefined;
  #retry: Timer | undefined;
  #retry_ms = FIRST_RETRY_MS;
  #closed = false;

  constructor(open: OpenTransport, options: TransportOptions, transport: Transport) {
    this.#open = open;
    this.port = transport.port;
    this.#options = { ...options, port: transport.port };
    this.#watch(transport);
  }

  /** Accepts no more connections. Resolves when the requests that are being answered are done. */
  async shutdown(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    await this.#transport?.shutdown();
  }

  #watch(transport: Transport): void {
    this.#transport = transport;
    transport.finished.then(() => this.#ended(undefined), (error) => this.#ended(error));
  }

  #ended(error: unknown): void {
    this.#transport = undefined;
    if (this.#closed) return;
    log.error("No connections are accepted for the moment: {reason}", { reason: String(error) });
    this.#listenLater();
  }

  #listenLater(): void {
    this.#retry = this.#options.clock.after(this.#retry_ms, () => void this.#listenAgain());
  }

  async #listenAgain(): Promise<void> {
    this.#retry_ms = Math.min(LAST_RETRY_MS, this.#retry_ms * 2);
    try {
      const transport = await this.#open(this.#options);
      if (this.#closed) return await transport.shutdown();
      this.#watch(transport);
      this.#retry_ms = FIRST_RETRY_MS;
      log.info("Connections are accepted again");
    } catch (error) {
      log.warn("Still no connections are accepted: {reason}", { reason: String(error) });
      if (!this.#closed) this.#listenLater();
    }
  }
}
