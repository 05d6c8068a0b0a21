/** How long an attempt may still run. Time spent paused does not count. */
import type { Clock, Timer } from "../clock/clock.ts";

export class Deadline {
  readonly limit_ms: number;
  readonly #clock: Clock;
  readonly #onPassed: () => void;
  #left_ms: number;
  #running: { timer: Timer; at_ms: number } | undefined;
  #passed = false;

  constructor(clock: Clock, limit_ms: number, onPassed: () => void) {
    this.#clock = clock;
    this.limit_ms = this.#left_ms = limit_ms;
    this.#onPassed = onPassed;
  }

  get passed(): boolean {
    return this.#passed;
  }

  /** Goes on with what is left. */
  run(): void {
    if (this.#running || this.#passed) return;
    const timer = this.#clock.after(this.#left_ms, () => {
      this.#passed = true;
      this.#onPassed();
    });
    this.#running = { timer, at_ms: this.#clock.monotonic() + this.#left_ms };
  }

  hold(): void {
    if (!this.#running) return;
    this.#running.timer.cancel();
    this.#left_ms = Math.max(0, this.#running.at_ms - this.#clock.monotonic());
    this.#running = undefined;
  }
}
