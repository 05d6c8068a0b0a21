/** Timers by name, at most one of each. */
import type { Clock, Timer } from "../../clock/clock.ts";

export class NamedTimers {
  readonly #clock: Clock;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs the action after the delay, unless a timer of this name is waiting already. */
  later(name: string, delay_ms: number, action: () => void): void {
    if (this.#timers.has(name)) return;
    const timer = this.#clock.after(delay_ms, () => {
      this.#timers.delete(name);
      action();
    });
    this.#timers.set(name, timer);
  }

  cancelAll(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
