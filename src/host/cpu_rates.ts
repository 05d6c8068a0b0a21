/** Processor use as a rate between scans, from counters that only grow. */
import { type Clock, sleep } from "../clock/clock.ts";
import { type ProcessSource, type RawProcess, sameProcess } from "./process_source.ts";

/** How far apart the two looks of the first scan lie. */
const FIRST_PAUSE_MS = 500;

/** Scans that follow each other more quickly are compared with an earlier one, for the counters are coarse. */
const SHORTEST_WINDOW_MS = { proc: 400, ps: 3000 };

/** Scans kept to be compared with; more often than twice a second nobody scans. */
const KEPT_SAMPLES = 10;

interface Sample {
  /** Monotonic and wall-clock milliseconds. */
  at: number;
  wall: number;
  used: Map<number, { started: number; cpu_ms: number }>;
}

export class CpuRates {
  readonly #clock: Clock;
  readonly #source: ProcessSource;
  readonly #processors: number;
  #samples: Sample[] = [];

  constructor(clock: Clock, source: ProcessSource, processors: number) {
    this.#clock = clock;
    this.#source = source;
    this.#processors = processors;
  }

  get empty(): boolean {
    return this.#samples.length === 0;
  }

  firstPause(): Promise<void> {
    return sleep(this.#clock, FIRST_PAUSE_MS);
  }

  /**
   * Percent of the whole machine by pid, since the previous scan, or since the latest one that is far enough
   * back for the counters; of a process that started since then, over its life so far.
   */
  measure(rows: RawProcess[]): Map<number, number> {
    const now: Sample = {
      at: this.#clock.monotonic(),
      wall: this.#clock.now(),
      used: new Map(rows.map((row) => [row.pid, { started: row.started, cpu_ms: row.cpu_ms }])),
    };
    const before = this.#baseline(now.at);
    const rates = new Map<number, number>();
    for (const row of rows) {
      // A thread takes one processor at most, whatever coarse counters and times of start make of a young process.
      const most = 100 * (row.threads ?? this.#processors) / this.#processors;
      rates.set(row.pid, Math.min(most, this.#rate(row, now, before)));
    }
    this.#keep(now);
    return rates;
  }

  #rate(row: RawProcess, now: Sample, before: Sample | undefined): number {
    const known = before?.used.get(row.pid);
    const lifetime_ms = Math.max(now.wall - row.started, row.cpu_step_ms, 1);
    const lifetime = 100 * row.cpu_ms / lifetime_ms / this.#processors;
    if (!before || !known || !sameProcess(this.#source, row, { pid: row.pid, started: known.started })) {
      return lifetime;
    }
    const window_ms = now.at - before.at;
    // A counter of seconds tells nothing about a shorter time; the lifetime average is the better guess.
    if (window_ms < row.cpu_step_ms) return lifetime;
    return 100 * Math.max(0, row.cpu_ms - known.cpu_ms) / window_ms / this.#processors;
  }

  #baseline(at: number): Sample | undefined {
    const shortest_ms = SHORTEST_WINDOW_MS[this.#source.kind];
    return this.#samples.findLast((sample) => at - sample.at >= shortest_ms) ?? this.#samples[0];
  }

  /** Samples older than the newest one that is far enough back are of no more use. */
  #keep(now: Sample): void {
    const baseline = this.#baseline(now.at);
    const from = baseline === undefined ? 0 : this.#samples.indexOf(baseline);
    this.#samples = [...this.#samples.slice(from), now].slice(-KEPT_SAMPLES);
  }
}
