/** Notices a server that disappears without closing the connection. Web pages cannot see WebSocket pings. */
import type { Clock, Timer } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";

/** The longest wait for the answer to a ping. */
const ANSWER_MS = 10_000;

export class Heartbeat {
  readonly #clock: Clock;
  readonly #period_ms: number;
  #timer: Timer | undefined;
  #heard = true;

  /** `period_ms` 0: no heartbeat. */
  constructor(clock: Clock, period_ms: number) {
    this.#clock = clock;
    this.#period_ms = period_ms;
  }

  /** Calls `ping` after each silent period, and `dead` if no answer comes. */
  start(ping: (timeout_ms: number) => Promise<unknown>, dead: (reason: ApiError) => void): void {
    this.stop();
    if (this.#period_ms === 0) return;
    this.#heard = true;
    const timer = this.#timer = this.#clock.every(this.#period_ms, () => {
      if (this.#heard) {
        this.#heard = false;
        return;
      }
      ping(ANSWER_MS).catch(() => {
        // Whatever went wrong, the server is alive if anything has arrived since.
        if (this.#timer !== timer || this.#heard) return;
        dead(
          new ApiError("HEARTBEAT_TIMEOUT", `The server was silent for ${ANSWER_MS} ms`, {
            timeout_ms: ANSWER_MS,
          }),
        );
      });
    });
  }

  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
