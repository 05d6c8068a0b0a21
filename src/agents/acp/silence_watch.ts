/** Reports when an agent gives no sign of life, and when it does again. */
import type { Clock, Timer } from "../../clock/clock.ts";

/** A silence is reported so many times before it is a long one. */
const REPORTS = 4;

export interface SilenceWatchOptions {
  clock: Clock;
  /** A silence of this length is a long one, and so is each multiple of it. */
  long_ms: number;
  /** Whether the agent has a reason to be silent. */
  isExpected: () => boolean;
  report: (silent_ms: number, isLong: boolean) => void;
  /** Called with the first sign of life after a report. */
  onSign: () => void;
}

export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #timer: Timer;
  #last_sign_ms: number;
  #hasReported = false;

  constructor(options: SilenceWatchOptions) {
    const { clock, long_ms, isExpected, report } = options;
    this.#options = options;
    this.#last_sign_ms = clock.monotonic();
    const step_ms = long_ms / REPORTS;
    this.#timer = clock.every(step_ms, () => {
      const silent_ms = clock.monotonic() - this.#last_sign_ms;
      if (isExpected() || silent_ms < step_ms) return;
      this.#hasReported = true;
      report(silent_ms, Math.floor(silent_ms / long_ms) > Math.floor((silent_ms - step_ms) / long_ms));
    });
  }

  /** The agent has given a sign of life. */
  sign(): void {
    this.#last_sign_ms = this.#options.clock.monotonic();
    if (!this.#hasReported) return;
    this.#hasReported = false;
    this.#options.onSign();
  }

  stop(): void {
    this.#timer.cancel();
  }
}
