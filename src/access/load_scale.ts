/** Lowers the message limits while the machine is overloaded, and raises them again when it is not. */
import { getLogger } from "@logtape/logtape";
import type { Clock, Timer } from "../clock/clock.ts";

const log = getLogger(["opencode-agents", "security"]);

const INTERVAL_MS = 5000;
/** A timer that is this late counts as a load of one per core. */
const LAG_UNIT_MS = 200;
const OVERLOAD = 2;
const CALM = 1.2;
const DOWN = 0.7;
const UP = 1.15;

/** The next factor. Between calm and overload it stays the same, so that it does not oscillate. Pure. */
export function nextFactor(factor: number, load: number, minimum: number): number {
  if (load > OVERLOAD) return Math.max(minimum, factor * DOWN);
  if (load < CALM) return Math.min(1, factor * UP);
  return factor;
}

export interface LoadScalingOptions {
  clock: Clock;
  /** The load of the machine per core. */
  load(): number;
  /** Called with each new factor. */
  apply(factor: number): void;
}

export class LoadScaling {
  readonly #options: LoadScalingOptions;
  #timer: Timer | undefined;
  #factor = 1;
  #due_ms = 0;
  #minimum = 0.25;

  constructor(options: LoadScalingOptions) {
    this.#options = options;
  }

  get enabled(): boolean {
    return this.#timer !== undefined;
  }

  start(minimum = this.#minimum): void {
    this.#minimum = minimum;
    this.#timer ??= this.#options.clock.every(INTERVAL_MS, () => this.#look());
    this.#due_ms = this.#options.clock.monotonic() + INTERVAL_MS;
  }

  /** Stops scaling and restores all limits. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#set(1, 0);
  }

  #look(): void {
    const { clock, load } = this.#options;
    const late_ms = Math.max(0, clock.monotonic() - this.#due_ms);
    this.#due_ms = clock.monotonic() + INTERVAL_MS;
    const now = Math.max(load(), late_ms / LAG_UNIT_MS);
    this.#set(nextFactor(this.#factor, now, this.#minimum), now);
  }

  #set(factor: number, load: number): void {
    if (factor === this.#factor) return;
    this.#factor = factor;
    log.warn("Message limits are at {percent} % of their values, at a load of {load} per core", {
      percent: Math.round(factor * 100),
      load: Math.round(load * 100) / 100,
    });
    this.#options.apply(factor);
  }
}
