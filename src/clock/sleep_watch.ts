/** Whether the machine has slept: the monotonic clock stands still meanwhile, but the wall clock does not. */
import type { Clock } from "./clock.ts";

/** The wall clock went on by this much more than the monotonic one: the machine has slept, or the clock was set. */
const SLEPT_MS = 2_000;

/** How long after a sleep a lease has to be confirmed, so that agents are ended soon after it. */
export const AWAKE_MS = 3_000;

export class SleepWatch {
  readonly #clock: Clock;
  #apart_ms: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#apart_ms = clock.now() - clock.monotonic();
  }

  /** Whether it has slept since the last call, or since the watch began. */
  hasSlept(): boolean {
    const before_ms = this.#apart_ms;
    this.#apart_ms = this.#clock.now() - this.#clock.monotonic();
    return this.#apart_ms - before_ms > SLEPT_MS;
  }
}
