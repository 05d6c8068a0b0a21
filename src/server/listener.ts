/**
 * The listening socket, which comes back: Deno ends a listener when accepting fails once, as it does when the process
 * has no file left for another connection. Whoever opens many connections would otherwise shut everybody out for good.
 */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../clock/clock.ts";
import { ApiError } from "../protocol/errors.ts";

const log = getLogger(["opencode-agents", "server"]);

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2000;

export interface ListenerOptions {
  clock: Clock;
  host: string;
  /** 0 picks a free one, which it keeps. */
  port: number;
  handler: Deno.ServeHandler<Deno.NetAddr>;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly port: number;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #retry: Timer | undefined;
  #retry_ms = FIRST_RETRY_MS;
  #closed = false;

  /** Throws `SERVICE_UNAVAILABLE` when the address cannot be had. */
  constructor(options: ListenerOptions) {
    this.#options = options;
    const { host, port } = options;
    try {
      this.port = this.#listen(port);
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

  get isListening(): boolean {
    return this.#server !== undefined;
  }

  /** Takes no more connections; resolves when those that are being answered are done. */
  async shutdown(): Promise<void> {
    this.#closed = true;
    this.#retry?.cancel();
    await this.#server?.shutdown();
  }

  #listen(port: number): number {
    const { host, handler } = this.#options;
    const server = Deno.serve({
      hostname: host,
      port,
      onListen: () => {},
      onError: (error) => {
        log.error("A request failed: {error}", { error });
        return new Response("Internal error", { status: 500 });
      },
    }, handler);
    this.#server = server;
    server.finished.then(() => this.#ended(undefined), (error) => this.#ended(error));
    return server.addr.port;
  }

  #ended(error: unknown): void {
    this.#server = undefined;
    if (this.#closed) return;
    log.error("No connections are accepted for the moment: {reason}", { reason: String(error) });
    this.#listenLater();
  }

  #listenLater(): void {
    this.#retry = this.#options.clock.after(this.#retry_ms, () => {
      this.#retry_ms = Math.min(LAST_RETRY_MS, this.#retry_ms * 2);
      try {
        this.#listen(this.port);
        this.#retry_ms = FIRST_RETRY_MS;
        log.info("Connections are accepted again");
      } catch (error) {
        log.warn("Still no connections are accepted: {reason}", { reason: String(error) });
        this.#listenLater();
      }
    });
  }
}
