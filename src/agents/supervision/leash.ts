/**
 * How long agents may go on if other servers may take their tasks over. The reaper watches it, because the server may hang. Time
 * in which the machine slept counts: the monotonic clock stands still meanwhile, but the wall clock does not.
 */
import type { Clock, Timer } from "../../clock/clock.ts";
import { AWAKE_MS, SleepWatch } from "../../clock/sleep_watch.ts";

const LOOK_EVERY_MS = 200;

export class Leash {
  readonly #clock: Clock;
  readonly #end: () => void;
  #until_ms = Infinity;
  #sleep: SleepWatch;
  #isOver = false;
  #watch: Timer | undefined;

  /** `end` is called when the time is over, and for each newcomer after that. */
  constructor(clock: Clock, end: () => void) {
    this.#clock = clock;
    this.#end = end;
    this.#sleep = new SleepWatch(clock);
  }

  /** From now on the agents have this time, unless it is extended again. */
  extend(left_ms: number): void {
    this.#until_ms = this.#clock.monotonic() + left_ms;
    this.#sleep = new SleepWatch(this.#clock);
    this.#isOver = false;
    this.#watch ??= this.#clock.every(LOOK_EVERY_MS, () => this.#look());
  }

  /** To be called for each new agent. One that started when the time was over is ended too. */
  noteNewcomer(): void {
    if (this.#isOver) this.#end();
  }

  close(): void {
    this.#watch?.cancel();
  }

  #look(): void {
    if (this.#sleep.hasSlept()) {
      this.#until_ms = Math.min(this.#until_ms, this.#clock.monotonic() + AWAKE_MS);
    }
    if (this.#isOver || this.#clock.monotonic() < this.#until_ms) return;
    this.#isOver = true;
    this.#end();
  }
}
