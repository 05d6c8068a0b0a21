/**
 * How long agents may go on if other servers may take their tasks over. The reaper watches it, because the server may hang. Time
 * in which the machine slept counts: the monotonic clock stands still meanwhile, but the wall clock does not.
 */
import type { Clock, Timer } from "../../clock/clock.ts";

const LOOK_EVERY_MS = 200;
/** The wall clock went on by this much more than the monotonic one: the machine has slept, or the clock was set. */
const SLEPT_MS = 2_000;
/** After a sleep, the server has this time to have its lease confirmed. */
const AWAKE_MS = 3_000;

export class Leash {
  readonly #clock: Clock;
  readonly #end: () => void;
  #until_ms = Infinity;
  #apart_ms = 0;
  #isOver = false;
  #watch: Timer | undefined;

  /** `end` is called when the time is over, and for each newcomer after that. */
  constructor(clock: Clock, end: () => void) {
    this.#clock = clock;
    this.#end = end;
  }

  /** From now on the agents have this time, unless it is extended again. */
  extend(left_ms: number): void {
    this.#until_ms = this.#clock.monotonic() + left_ms;
    this.#apart_ms = this.#apart();
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
    const apart_ms = this.#apart();
    if (apart_ms - this.#apart_ms > SLEPT_MS) {
      this.#until_ms = Math.min(this.#until_ms, this.#clock.monotonic() + AWAKE_MS);
    }
    this.#apart_ms = apart_ms;
    if (this.#isOver || this.#clock.monotonic() < this.#until_ms) return;
    this.#isOver = true;
    this.#end();
  }

  #apart(): number {
    return this.#clock.now() - this.#clock.monotonic();
  }
}
