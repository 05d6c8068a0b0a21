/** Requests that wait for their replies, matched by `request_id`. Each ends once, at the latest by its timeout. */
import type { Clock, Timer } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { errorIn, lost, type WireMessage } from "./replies.ts";

/** The most requests that may wait for replies. A caller that reaches it is not awaiting its replies. */
const PENDING_MAX = 1000;

interface Waiting {
  text: string;
  sent: boolean;
  settle(result: WireMessage | ApiError | { aborted: unknown }): void;
}

export interface PendingOptions {
  type: string;
  fields: object;
  timeout_ms: number;
  signal?: AbortSignal;
  /** Runs when the reply arrives, before any later message is handled. */
  arrived?(reply: WireMessage): void;
}

export class PendingRequests {
  readonly #clock: Clock;
  readonly #tenant: string | undefined;
  readonly #waiting = new Map<string, Waiting>();
  #serial = 0;

  /** `tenant`: the one that requests are about which name none. */
  constructor(clock: Clock, tenant?: string) {
    this.#clock = clock;
    this.#tenant = tenant;
  }

  /**
   * Adds a request without sending it. Rejects with the server's error, with `CONNECTION_LOST`, or with the
   * signal's reason.
   */
  add(options: PendingOptions): Promise<WireMessage> {
    const { type, fields, timeout_ms, signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.size >= PENDING_MAX) {
      return Promise.reject(
        new ApiError("SERVER_OVERLOAD", `${PENDING_MAX} requests are already waiting for replies`, {
          current: this.#waiting.size,
          limit: PENDING_MAX,
        }),
      );
    }
    const id = `c${++this.#serial}`;
    return new Promise((resolve, reject) => {
      const abort = () => waiting.settle({ aborted: signal!.reason });
      const timer: Timer = this.#clock.after(timeout_ms, () => {
        const { sent } = waiting;
        waiting.settle(
          lost(`No reply to ${type} within ${timeout_ms} ms`, { request: type, timeout_ms, sent }),
        );
      });
      const waiting: Waiting = {
        text: JSON.stringify({ tenant: this.#tenant, ...fields, type, request_id: id }),
        sent: false,
        settle: (result) => {
          this.#waiting.delete(id);
          timer.cancel();
          signal?.removeEventListener("abort", abort);
          if (result instanceof ApiError) return reject(result);
          if ("aborted" in result) return reject(result.aborted);
          const { request_id: _ours, ...reply } = result as WireMessage;
          const error = errorIn(reply);
          if (error) return reject(error);
          options.arrived?.(reply);
          resolve(reply);
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.set(id, waiting);
    });
  }

  /** Sends all unsent requests, oldest first. If `send` throws, the rest keeps waiting. */
  sendAll(send: (text: string) => void): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.sent) continue;
      send(waiting.text);
      waiting.sent = true;
    }
  }

  /** Settles the request that the message replies to; false if there is none. */
  take(message: WireMessage): boolean {
    const waiting = this.#waiting.get(String(message.request_id));
    waiting?.settle(message);
    return waiting !== undefined;
  }

  /** Fails the requests that were sent on a lost connection; with `all`, the unsent ones, too. */
  fail(reason: ApiError, all: boolean): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (!waiting.sent && !all) continue;
      waiting.settle(new ApiError(reason.code, reason.message, { ...reason.details, sent: waiting.sent }));
    }
  }
}
