/**
 * What an agent does of itself after its turn has ended: a command in its background has ended, and it looks at what came
 * of that. The task is over when it has been quiet for a while.
 */
import { type Clock, sleep } from "../../clock/clock.ts";
import type { OwnWork } from "../makes/agent_make.ts";

/** So long after its last sign of work an agent is done. */
const QUIET_MS = 2000;
const LOOK_EVERY_MS = 200;

export class OwnWorkWatch {
  readonly #clock: Clock;
  #isAtWork = false;
  #background = 0;
  #last_sign_ms = -Infinity;
  /** How often it has worked since the turn ended. */
  #times = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it is at work of itself, has been so since the turn ended, or has something in its background. */
  get isOpen(): boolean {
    return this.#isAtWork || this.#times > 0 || this.#background > 0;
  }

  hear({ isAtWork, background }: OwnWork): void {
    if (isAtWork === true && !this.#isAtWork) this.#times++;
    this.#isAtWork = isAtWork ?? this.#isAtWork;
    this.#background = background ?? this.#background;
    this.#last_sign_ms = this.#clock.monotonic();
  }

  /** It has said or done something. */
  sign(): void {
    this.#last_sign_ms = this.#clock.monotonic();
  }

  /** The turn that it was asked for has ended: what it does from now on, it does of itself. */
  turnEnded(): void {
    this.#isAtWork = false;
    this.#times = 0;
    this.#last_sign_ms = this.#clock.monotonic();
  }

  /**
   * Settles when it has been quiet for 2 s, and its background has come to an end or `wait_ms` are over; also when the run
   * is being stopped. Returns how often it has worked of itself.
   */
  async quiet(wait_ms: number, isOver: () => boolean): Promise<number> {
    const until_ms = this.#clock.monotonic() + wait_ms;
    while (!isOver()) {
      const now = this.#clock.monotonic();
      const isWaiting = this.#isAtWork || this.#background > 0 && now < until_ms;
      if (!isWaiting && now - this.#last_sign_ms >= QUIET_MS) break;
      await sleep(this.#clock, LOOK_EVERY_MS);
    }
    return this.#times;
  }
}
