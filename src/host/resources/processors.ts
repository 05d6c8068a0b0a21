/** The machine's processors: how many there are and how busy they have been. */
import { cpus } from "node:os";
import { type Clock, sleep } from "../../clock/clock.ts";
import { percent } from "./percent.ts";
import { optional, unreadable } from "./unreadable.ts";

/** The first figure needs two readings. Later ones compare with the previous reading. */
const FIRST_PAUSE_MS = 200;

/** Ticks come 100 times a second, so a shorter time says little. Within it the last figure is used again. */
const SHORTEST_WINDOW_MS = 200;

export interface Ticks {
  busy: number;
  total: number;
}

export interface ProcessorFigures {
  cores: number;
  /** MHz; 0 if the platform does not show it. */
  frequency: number;
  ticks: Ticks;
}

/** The number of processors, for percentages of the whole machine. */
export function processorCount(): number {
  // The runtime's own number needs no permission.
  return optional(() => cpus().length) || navigator.hardwareConcurrency;
}

/** Reads the processors. Throws `ApiError` without the permission to read them. */
export function readProcessors(): ProcessorFigures {
  try {
    const all = cpus();
    if (all.length === 0) throw new Error("the system shows none");
    const ticks = { busy: 0, total: 0 };
    for (const { times } of all) {
      const busy = times.user + times.nice + times.sys + times.irq;
      ticks.busy += busy;
      ticks.total += busy + times.idle;
    }
    return { ticks, cores: all.length, frequency: all[0]?.speed ?? 0 };
  } catch (error) {
    throw unreadable("processor usage", "sys", error);
  }
}

/** The percentage of time that the processors were busy between two readings, 0–100. */
export function usageBetween(before: Ticks, after: Ticks): number {
  const total = after.total - before.total;
  return total > 0 ? percent(100 * (after.busy - before.busy) / total) : 0;
}

/** The use of the processors since the previous reading, 0–100. */
export class ProcessorUsage {
  readonly #clock: Clock;
  #sample: { at: number; ticks: Ticks; usage: number } | undefined;
  #first: Promise<number> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws as `readProcessors` does. */
  async read(): Promise<number> {
    if (!this.#sample) {
      return await (this.#first ??= this.#readTwice().finally(() => this.#first = undefined));
    }
    if (this.#clock.monotonic() - this.#sample.at < SHORTEST_WINDOW_MS) return this.#sample.usage;
    return this.#since(this.#sample.ticks);
  }

  async #readTwice(): Promise<number> {
    const { ticks } = readProcessors();
    await sleep(this.#clock, FIRST_PAUSE_MS);
    return this.#since(ticks);
  }

  #since(before: Ticks): number {
    const { ticks } = readProcessors();
    const usage = usageBetween(before, ticks);
    this.#sample = { at: this.#clock.monotonic(), ticks, usage };
    return usage;
  }
}
