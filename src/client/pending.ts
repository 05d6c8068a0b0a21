/** Requests that wait for their replies, matched by `request_id`; each ends once, at the latest by its bound. */
import type { Clock, Timer } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { errorIn, lost, type WireMessage } from "./replies.ts";

/** As many as a server lets one connection wait for; more is a caller that does not wait for its replies. */
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
  /** Runs while the reply arrives, before any message that comes after it is looked at. */
  arrived?(reply: WireMessage): void;
}

export class PendingRequests {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();
  #serial = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * A new request; it is not sent yet. Rejects with the server's error, with `CONNECTION_LOST`, or with the
   * signal's reason.
   */
  add(options: PendingOptions): Promise<WireMessage> {
    const { type, fields, timeout_ms, signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.size >= PENDING_MAX) {
      return Promise.reject(
        new ApiError("SERVER_OVERLOAD", `${PENDING_MAX} requests wait for their replies already`, {
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
        text: JSON.stringify({ ...fields, type, request_id: id }),
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

  /** Sends what has not been sent yet, oldest first. What `send` does not take waits on. */
  sendAll(send: (text: string) => void): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.sent) continue;
      send(waiting.text);
      waiting.sent = true;
    }
  }

  /** Whether the message was a reply to one of these. */
  take(message: WireMessage): boolean {
    const waiting = this.#waiting.get(String(message.request_id));
    waiting?.settle(message);
    return waiting !== undefined;
  }

  /** The connection is gone: no reply will come to what was sent. With `all`, nor to the others. */
  fail(reason: ApiError, all: boolean): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (!waiting.sent && !all) continue;
      waiting.settle(new ApiError(reason.code, reason.message, { ...reason.details, sent: waiting.sent }));
    }
  }
}
