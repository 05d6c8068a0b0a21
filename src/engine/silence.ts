/** Notices when an agent gives no sign of life: first a warning, then the limit. Time on hold does not count. */
import type { Clock, Timer } from "../clock/clock.ts";

export interface SilenceOptions {
  clock: Clock;
  /** Milliseconds; 0 means never. */
  warning_ms: number;
  limit_ms: number;
  /** It begins to be silent for too long, or speaks again. */
  onWarning(silent: boolean): void;
  /** Once. */
  onLimit(): void;
}

export class Silence {
  readonly #options: SilenceOptions;
  #heard_ms = 0;
  #timer: Timer | undefined;
  #listening = false;
  #warned = false;
  #passed = false;

  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  /** Whether it has been silent for longer than the warning allows. */
  get isLong(): boolean {
    return this.#warned;
  }

  get limit_ms(): number {
    return this.#options.limit_ms;
  }

  /** Whether the limit was reached. */
  get passed(): boolean {
    return this.#passed;
  }

  /** A sign of life. Cheap: the timer is only moved when it fires. */
  heard(): void {
    this.#heard_ms = this.#options.clock.monotonic();
    if (this.#warned && this.#listening) this.#warn(false);
  }

  /** Begins to listen, or goes on after `hold`. */
  run(): void {
    if (this.#listening || this.#passed) return;
    this.#listening = true;
    this.heard();
    this.#wait();
  }

  /** It need not speak: it is paused, waits for an answer, or is being ended. */
  hold(): void {
    this.#timer?.cancel();
    this.#listening = false;
    this.#warned = false;
  }

  #warn(silent: boolean): void {
    this.#warned = silent;
    this.#options.onWarning(silent);
    this.#timer?.cancel();
    this.#wait();
  }

  /** Until the next moment at which something may be due. */
  #wait(): void {
    const { clock, warning_ms, limit_ms } = this.#options;
    const bounds = [limit_ms, this.#warned ? 0 : warning_ms].filter((bound_ms) => bound_ms > 0);
    if (bounds.length === 0) return;
    const due_ms = this.#heard_ms + Math.min(...bounds);
    this.#timer = clock.after(due_ms - clock.monotonic(), () => this.#look());
  }

  #look(): void {
    const { clock, warning_ms, limit_ms, onLimit } = this.#options;
    const silent_ms = clock.monotonic() - this.#heard_ms;
    if (limit_ms > 0 && silent_ms >= limit_ms) {
      this.#listening = false;
      this.#passed = true;
      onLimit();
    } else if (warning_ms > 0 && silent_ms >= warning_ms && !this.#warned) this.#warn(true);
    else this.#wait();
  }
}
