/** Keeps a connection open: opens it, notices when it ends, and opens the next one after a growing pause. */
import type { Clock } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import type { Network } from "./network.ts";
import { askedWait } from "./patience.ts";
import { lost, type WireMessage } from "./replies.ts";
import { openTransport, type Transport } from "./transport.ts";

export interface BackoffOptions {
  base_ms: number;
  max_ms: number;
}

/** Gives about five reconnections per minute, which a server allows one address. */
export const DEFAULT_BACKOFF: BackoffOptions = { base_ms: 1000, max_ms: 30_000 };

/** After a connection that lasted this long, the next pause starts small again. */
const STABLE_MS = 10_000;

/**
 * Exponential backoff with full jitter: a pause between 0 and `base_ms` × 2^attempt, at most `max_ms`, so that clients
 * that lost the same server do not all return at once. `attempt` counts from 0, `random` is in [0, 1).
 */
export function backoffDelay(attempt: number, { base_ms, max_ms }: BackoffOptions, random: number): number {
  return random * Math.min(max_ms, base_ms * 2 ** Math.min(attempt, 30));
}

/** The longest wait that a server can ask for. It blocks who guesses keys for five minutes. */
const ASKED_MAX_MS = 600_000;

export interface LinkOptions {
  url: string;
  clock: Clock;
  network: Network;
  /** Called before each connection. */
  api_key(): string | undefined;
  connect_timeout_ms: number;
  backoff: BackoffOptions;
  /** How long to keep trying to connect before giving up. */
  patience_ms: number;
  /** False: a lost connection is not replaced. */
  reconnect: boolean;
  /** Called for each connection, the first one included. `expires_at`: the end of its session. */
  connected(expires_at: string | undefined): void;
  message(message: WireMessage): void;
  /** Called when the connection is lost; `final` if no other will follow. */
  lost(reason: ApiError, final: boolean): void;
  /** Called when an attempt has failed; the next one starts in `delay_ms`. */
  retrying(reason: ApiError, delay_ms: number): void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #ending = new AbortController();
  #transport: Transport | undefined;
  #attempt = 0;
  #connected_at = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#transport !== undefined;
  }

  /** Opens the first connection. With `persist`, failed attempts are repeated like later ones. */
  async open(persist: boolean): Promise<void> {
    if (persist) await this.#openAgain();
    else await this.#openOnce();
  }

  send(text: string): void {
    if (!this.#transport) throw lost(`There is no connection to ${this.#options.url}`);
    this.#transport.send(text);
  }

  /** Ends this connection as if it had been lost. */
  drop(reason: ApiError): void {
    this.#transport?.end(reason);
  }

  close(): void {
    this.#ending.abort(lost("The client was closed"));
    this.#transport?.end(this.#ending.signal.reason);
  }

  async #openOnce(): Promise<void> {
    const { url, clock, network, api_key, connect_timeout_ms } = this.#options;
    await openTransport({
      url,
      clock,
      network,
      api_key: api_key(),
      timeout_ms: connect_timeout_ms,
      signal: this.#ending.signal,
      opened: (transport, expires_at) => {
        this.#transport = transport;
        this.#connected_at = clock.monotonic();
        this.#options.connected(expires_at);
      },
      message: (message) => this.#options.message(message),
      closed: (reason) => this.#lost(reason),
    });
  }

  #lost(reason: ApiError): void {
    this.#transport = undefined;
    const { clock, reconnect } = this.#options;
    const final = !reconnect || this.#ending.signal.aborted;
    if (clock.monotonic() - this.#connected_at >= STABLE_MS) this.#attempt = 0;
    this.#options.lost(reason, final);
    if (final) return;
    void this.#pause(reason).then(() => this.#openAgain()).catch((error) => {
      if (this.#ending.signal.aborted) return;
      this.#options.lost(error instanceof ApiError ? error : lost(String(error)), true);
    });
  }

  async #openAgain(): Promise<void> {
    const { clock, patience_ms } = this.#options;
    const since = clock.monotonic();
    while (!this.#ending.signal.aborted) {
      try {
        return await this.#openOnce();
      } catch (error) {
        // A key that was refused once will be refused again.
        if (!(error instanceof ApiError) || error.code === "INVALID_AUTH_TOKEN") throw error;
        if (clock.monotonic() - since > patience_ms) throw error;
        await this.#pause(error);
      }
    }
    throw this.#ending.signal.reason;
  }

  /** Waits before the next attempt; ends early if the client is closed. */
  #pause(reason: ApiError): Promise<void> {
    const { clock, backoff } = this.#options;
    const { signal } = this.#ending;
    if (signal.aborted) return Promise.resolve();
    const delay_ms = Math.max(
      Math.min(ASKED_MAX_MS, askedWait(reason)),
      backoffDelay(this.#attempt++, backoff, clock.random()),
    );
    this.#options.retrying(reason, delay_ms);
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = clock.after(delay_ms, done);
      signal.addEventListener("abort", done);
    });
  }
}
