/** Single requests over HTTP (`POST /api`), for programs that ask once and exit. */
import { type Clock, systemClock } from "../clock/clock.ts";
import type { Reply, RequestType } from "../protocol/messages.ts";
import { apiAddress } from "./addresses.ts";
import type { Attachment } from "../domain/attachment.ts";
import { attachFile, type AttachOptions } from "./attach.ts";
import { bearer } from "./bearer.ts";
import { type Network, networkTrusting, platformNetwork } from "./network.ts";
import {
  DEFAULT_TIMEOUT_MS,
  errorIn,
  lost,
  parseMessage,
  type RequestArguments,
  type Requester,
} from "./replies.ts";

export interface HttpOptions {
  clock?: Clock;
  /** As for `connect`. */
  ca?: string;
  network?: Network;
  /** The longest wait for a reply, unless a request has its own; default 30 s. */
  timeout_ms?: number;
  /** An API key or a session token. */
  api_key?: string | undefined;
  /** The tenant that messages are about which name none; for the owner, and for keys of all tenants. */
  tenant?: string | undefined;
}

export class HttpClient implements Requester {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #timeout_ms: number;
  readonly #network: Network;
  readonly #headers: Record<string, string>;
  readonly #api_key: string | undefined;
  readonly #tenant: string | undefined;

  /** `url`: as for `connect`. */
  constructor(url: string, options: HttpOptions = {}) {
    const { ca, network = ca === undefined ? platformNetwork : networkTrusting(ca) } = options;
    const { clock = systemClock, timeout_ms = DEFAULT_TIMEOUT_MS, api_key } = options;
    this.#url = apiAddress(url);
    this.#clock = clock;
    this.#network = network;
    this.#timeout_ms = timeout_ms;
    this.#api_key = api_key;
    this.#tenant = options.tenant;
    this.#headers = { "content-type": "application/json", ...bearer(api_key) };
  }

  async request<T extends RequestType>(
    type: T,
    ...[fields, options = {}]: RequestArguments<T>
  ): Promise<Reply<T>> {
    const { signal, timeout_ms = this.#timeout_ms } = options;
    const text = await this.#post(
      JSON.stringify({ tenant: this.#tenant, ...fields, type }),
      type,
      timeout_ms,
      signal,
    );
    const message = parseMessage(text);
    if (!message) throw lost(`${this.#url} is not an opencode-agents server`, { url: this.#url });
    const error = errorIn(message);
    if (error) throw error;
    return message as unknown as Reply<T>;
  }

  /** Sends a file of at most 20 MiB. Its id goes into a task's `execution.attachments`. */
  attach(file: Blob, options: AttachOptions = {}): Promise<Attachment> {
    const sender = { url: this.#url, api_key: this.#api_key, clock: this.#clock, network: this.#network };
    return attachFile(sender, file, options);
  }

  async #post(body: string, type: string, timeout_ms: number, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    const url = this.#url;
    const bound = new AbortController();
    const abort = () => bound.abort();
    let late = false;
    const timer = this.#clock.after(timeout_ms, () => {
      late = true;
      bound.abort();
    });
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const headers = this.#headers;
      const response = await this.#network.fetch(url, {
        method: "POST",
        body,
        headers,
        signal: bound.signal,
      });
      return await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      if (late) throw lost(`No reply to ${type} within ${timeout_ms} ms`, { url, timeout_ms, sent: true });
      throw lost(`No connection to ${url}`, { url, reason: reasonOf(error as Error) });
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", abort);
    }
  }
}

/** The cause tells of a certificate that is not trusted. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
