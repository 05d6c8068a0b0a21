/** The timers of an attempt, by name. */
import type { Clock, Timer } from "../../clock/clock.ts";
import type { AttemptTimer } from "../../domain/attempt/effects.ts";
import type { AttemptEvent } from "../../domain/attempt/events.ts";

export class AttemptTimers {
  readonly #clock: Clock;
  readonly #emit: (event: AttemptEvent) => unknown;
  readonly #running = new Map<AttemptTimer, Timer>();

  constructor(clock: Clock, emit: (event: AttemptEvent) => unknown) {
    this.#clock = clock;
    this.#emit = emit;
  }

  set(timer: AttemptTimer, ms: number): void {
    this.#running.set(timer, this.#clock.after(ms, () => this.#emit({ kind: "timer_fired", timer })));
  }

  clear(timer: AttemptTimer): void {
    this.#running.get(timer)?.cancel();
    this.#running.delete(timer);
  }
}
