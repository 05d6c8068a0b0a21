/** Computes processor use between scans from counters that only grow. */
import { type Clock, sleep } from "../../clock/clock.ts";
import { isSameProcess } from "./process_identity.ts";
import type { ProcessSource, RawProcess } from "./process_source.ts";

/** Time between the two readings of the first scan. */
const FIRST_PAUSE_MS = 500;

/** A scan is compared with an earlier scan that is at least this old, because the counters are coarse. */
const SHORTEST_WINDOW_MS = { proc: 400, ps: 3000, systeminformation: 3000 };

/** Scans kept for comparison; nobody scans more often than twice a second. */
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
   * Percent of the whole machine by pid, since the latest scan that is old enough for the counters. For a process that
   * started after that scan, its lifetime average.
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
      // Coarse counters and start times can overstate a young process, but a thread uses at most one processor.
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
    const { start_tolerance_ms } = this.#source;
    if (!before || !known || !isSameProcess(row, { pid: row.pid, ...known }, start_tolerance_ms)) {
      return lifetime;
    }
    const window_ms = now.at - before.at;
    // A counter in seconds says nothing about a shorter time, so the lifetime average is a better estimate.
    if (window_ms < row.cpu_step_ms) return lifetime;
    return 100 * Math.max(0, row.cpu_ms - known.cpu_ms) / window_ms / this.#processors;
  }

  #baseline(at: number): Sample | undefined {
    const shortest_ms = SHORTEST_WINDOW_MS[this.#source.kind];
    return this.#samples.findLast((sample) => at - sample.at >= shortest_ms) ?? this.#samples[0];
  }

  /** Drops samples that are older than the baseline of the next scan. */
  #keep(now: Sample): void {
    const baseline = this.#baseline(now.at);
    const from = baseline === undefined ? 0 : this.#samples.indexOf(baseline);
    this.#samples = [...this.#samples.slice(from), now].slice(-KEPT_SAMPLES);
  }
}
