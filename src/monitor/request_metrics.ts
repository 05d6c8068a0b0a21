/** Counts the requests of the last day in slots of ten seconds: types, durations and failures. */
import { type Clock, isoTime } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { REQUEST_TYPES } from "../protocol/messages.ts";
import { SlotRing } from "./slot_ring.ts";
import { type Metrics, rangeMinutes } from "../protocol/system_messages.ts";

/** A range may be up to one slot shorter than requested. Rates use the time that it really covers. */
const SLOT_MS = 10_000;
const SLOTS_PER_MINUTE = 6;
/** Of UTC. */
const DAY_MS = 86_400_000;
const SLOTS = 1440 * SLOTS_PER_MINUTE;
/** Upper bounds of the latency buckets, in milliseconds; each is 1.5 times the one before. */
const LOWEST_MS = 0.05;
const GROWTH = 1.5;
const BUCKETS = Array.from({ length: 40 }, (_, i) => LOWEST_MS * GROWTH ** i);
const TYPES = [...REQUEST_TYPES, "unknown"] as const;
const INDEX = new Map<string, number>(TYPES.map((type, i) => [type, i]));

function bucketOf(duration_ms: number): number {
  const bucket = Math.ceil(Math.log(Math.max(duration_ms, LOWEST_MS) / LOWEST_MS) / Math.log(GROWTH));
  return Math.min(BUCKETS.length - 1, bucket);
}

export class RequestMetrics {
  readonly #clock: Clock;
  readonly #enabled: boolean;
  readonly #started_ms: number;
  readonly #requests = new SlotRing(SLOTS, TYPES.length, "counts");
  readonly #latencies = new SlotRing(SLOTS, BUCKETS.length, "counts");
  /** Two numbers per slot: errors, and milliseconds of all requests. */
  readonly #totals = new SlotRing(SLOTS, 2, "sums");
  /** Since the start, two numbers per type: successes and errors. */
  readonly #ever = new Float64Array(2 * TYPES.length);
  #spentEver_ms = 0;
  #slot: number;
  #day: number;
  #current = 0;
  #peakToday = 0;
  #totalToday = 0;

  /** `enabled`: whether requests are counted at all. */
  constructor(clock: Clock, enabled = true) {
    this.#clock = clock;
    this.#enabled = enabled;
    this.#started_ms = clock.now();
    this.#slot = Math.floor(clock.now() / SLOT_MS);
    this.#day = Math.floor(clock.now() / DAY_MS);
  }

  /** Counts one request. `type`: `unknown` for a request without one. `failed`: the reply was an error. */
  note(type: string, duration_ms: number, failed: boolean): void {
    if (!this.#enabled) return;
    const slot = this.#advance();
    const index = INDEX.get(type) ?? TYPES.length - 1;
    this.#requests.add(slot, index, 1);
    this.#latencies.add(slot, bucketOf(duration_ms), 1);
    this.#ever[2 * index + (failed ? 1 : 0)]! += 1;
    this.#spentEver_ms += duration_ms;
    this.#totals.add(slot, 1, duration_ms);
    if (failed) this.#totals.add(slot, 0, 1);
  }

  connected(): void {
    this.#advance();
    this.#current++;
    this.#totalToday++;
    this.#peakToday = Math.max(this.#peakToday, this.#current);
  }

  disconnected(): void {
    this.#advance();
    this.#current--;
  }

  /** Since the start: requests by type, and the seconds spent on all of them. */
  ever(): { requests: { type: string; answered: number; failed: number }[]; spent_seconds: number } {
    const requests = TYPES.map((type, i) => ({
      type,
      answered: this.#ever[2 * i]!,
      failed: this.#ever[2 * i + 1]!,
    }))
      .filter(({ answered, failed }) => answered + failed > 0);
    return { requests, spent_seconds: this.#spentEver_ms / 1000 };
  }

  /**
   * `range`: such as `15m`, at most `24h`. If the server has been up for less, rates use that time. Throws
   * `METRICS_UNAVAILABLE` if requests are not counted.
   */
  report(range: string): Metrics {
    if (!this.#enabled) {
      throw new ApiError(
        "METRICS_UNAVAILABLE",
        "This server does not count requests: monitor.metrics is false",
        { setting: "monitor.metrics" },
      );
    }
    const last = this.#advance();
    const slots = rangeMinutes(range) * SLOTS_PER_MINUTE;
    const now = this.#clock.now();
    const usage = this.#requests.sums(last, slots);
    const total = usage.reduce((sum, count) => sum + count, 0);
    const [errors = 0, spent_ms = 0] = this.#totals.sums(last, slots);
    const latencies = this.#latencies.sums(last, slots);
    const covered_ms = now - Math.max((last - slots + 1) * SLOT_MS, this.#started_ms);
    const seconds = Math.max(1, covered_ms / 1000);
    return {
      requests_total: total,
      requests_per_second: rounded(total / seconds, 2),
      average_response_time_ms: total === 0 ? 0 : rounded(spent_ms / total, 3),
      latency_percentiles_ms: {
        p50: percentile(latencies, total, 0.5),
        p90: percentile(latencies, total, 0.9),
        p99: percentile(latencies, total, 0.99),
      },
      error_rate_percent: total === 0 ? 0 : rounded((100 * errors) / total, 2),
      endpoint_usage: Object.fromEntries(
        TYPES.map((type, i) => [type, usage[i]!]).filter(([, count]) => count !== 0),
      ),
      client_connections: {
        current: this.#current,
        peak_today: this.#peakToday,
        total_today: this.#totalToday,
      },
      time_range: range,
      timestamp: isoTime(now),
    };
  }

  /** Clears the slots that are used again. If the clock was set back, the newest slot stays current. */
  #advance(): number {
    const now = this.#clock.now();
    const slot = Math.floor(now / SLOT_MS);
    for (let next = Math.max(this.#slot, slot - SLOTS) + 1; next <= slot; next++) {
      for (const ring of [this.#requests, this.#latencies, this.#totals]) ring.clear(next);
    }
    this.#slot = Math.max(this.#slot, slot);
    const day = Math.floor(now / DAY_MS);
    if (day !== this.#day) {
      this.#day = day;
      this.#peakToday = this.#current;
      this.#totalToday = 0;
    }
    return this.#slot;
  }
}

function percentile(buckets: number[], total: number, share: number): number {
  let seen = 0;
  for (const [i, count] of buckets.entries()) {
    seen += count;
    if (count > 0 && seen >= total * share) return rounded(BUCKETS[i]!, 3);
  }
  return 0;
}

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
