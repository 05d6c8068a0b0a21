/** Reports when an agent gives no sign of life. */
import type { Clock, Timer } from "../../clock/clock.ts";

export class SilenceWatch {
  readonly #clock: Clock;
  readonly #timer: Timer;
  #last_sign: number;

  /**
   * Calls `report` after every `bound_ms` without a sign of life, except while `isExpected` says that the agent has a
   * reason to be silent.
   */
  constructor(
    clock: Clock,
    bound_ms: number,
    isExpected: () => boolean,
    report: (silent_ms: number) => void,
  ) {
    this.#clock = clock;
    this.#last_sign = clock.monotonic();
    this.#timer = clock.every(bound_ms, () => {
      const silent_ms = clock.monotonic() - this.#last_sign;
      if (!isExpected() && silent_ms >= bound_ms) report(silent_ms);
    });
  }

  /** The agent has given a sign of life. */
  sign(): void {
    this.#last_sign = this.#clock.monotonic();
  }

  stop(): void {
    this.#timer.cancel();
  }
}
