/** Counts of requests by minute over the last day: what was asked, how long it took, how often it failed. */
import { type Clock, isoTime } from "../clock/clock.ts";
import { REQUEST_TYPES } from "../protocol/messages.ts";
import { type Metrics, rangeMinutes } from "../protocol/system_messages.ts";

const MINUTES = 1440;
const MINUTE_MS = 60_000;
/** Upper bounds of the latency buckets, in milliseconds; each is half as large again as the one before. */
const LOWEST_MS = 0.05;
const GROWTH = 1.5;
const BUCKETS = Array.from({ length: 40 }, (_, i) => LOWEST_MS * GROWTH ** i);
const TYPES = [...REQUEST_TYPES, "unknown"] as const;
const INDEX = new Map<string, number>(TYPES.map((type, i) => [type, i]));

function bucketOf(duration_ms: number): number {
  const bucket = Math.ceil(Math.log(Math.max(duration_ms, LOWEST_MS) / LOWEST_MS) / Math.log(GROWTH));
  return Math.min(BUCKETS.length - 1, bucket);
}

/** One number for each minute of a day and each of `width` things; a circle, so it never grows. */
class Ring {
  readonly #values: Float64Array;
  constructor(readonly width: number) {
    this.#values = new Float64Array(MINUTES * width);
  }
  add(minute: number, index: number, amount: number): void {
    this.#values[(minute % MINUTES) * this.width + index]! += amount;
  }
  clear(minute: number): void {
    const at = (minute % MINUTES) * this.width;
    this.#values.fill(0, at, at + this.width);
  }
  /** The sum of each thing over the last `minutes` up to `last`. */
  sums(last: number, minutes: number): number[] {
    const sums = new Array<number>(this.width).fill(0);
    for (let minute = last - minutes + 1; minute <= last; minute++) {
      const at = ((minute + MINUTES) % MINUTES) * this.width;
      for (let i = 0; i < this.width; i++) sums[i]! += this.#values[at + i]!;
    }
    return sums;
  }
}

export class RequestMetrics {
  readonly #clock: Clock;
  readonly #started_ms: number;
  readonly #requests = new Ring(TYPES.length);
  readonly #latencies = new Ring(BUCKETS.length);
  /** Errors, and milliseconds in all. */
  readonly #totals = new Ring(2);
  /** Since the start, by type: answered, and answered by an error. */
  readonly #ever = new Float64Array(2 * TYPES.length);
  #spentEver_ms = 0;
  #minute: number;
  #day: string;
  #current = 0;
  #peakToday = 0;
  #totalToday = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#started_ms = clock.now();
    this.#minute = Math.floor(clock.now() / MINUTE_MS);
    this.#day = isoTime(clock.now()).slice(0, 10);
  }

  /** Notes one request: its type (`unknown` for what had none), how long it took, whether it was answered by an error. */
  note(type: string, duration_ms: number, failed: boolean): void {
    const minute = this.#advance();
    const index = INDEX.get(type) ?? TYPES.length - 1;
    this.#requests.add(minute, index, 1);
    this.#latencies.add(minute, bucketOf(duration_ms), 1);
    this.#ever[2 * index + (failed ? 1 : 0)]! += 1;
    this.#spentEver_ms += duration_ms;
    this.#totals.add(minute, 1, duration_ms);
    if (failed) this.#totals.add(minute, 0, 1);
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

  /** `range`: such as `15m`, at most `24h`. Rates are over the time the server has been up, if that is shorter. */
  report(range: string): Metrics {
    const last = this.#advance();
    const minutes = rangeMinutes(range);
    const now = this.#clock.now();
    const usage = this.#requests.sums(last, minutes);
    const total = usage.reduce((sum, count) => sum + count, 0);
    const [errors = 0, spent_ms = 0] = this.#totals.sums(last, minutes);
    const latencies = this.#latencies.sums(last, minutes);
    const seconds = Math.max(1, Math.min(minutes * 60, (now - this.#started_ms) / 1000));
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

  /** Clears the minutes that have come round again; a clock that was set back stays in the newest. */
  #advance(): number {
    const now = this.#clock.now();
    const minute = Math.floor(now / MINUTE_MS);
    for (let next = Math.max(this.#minute, minute - MINUTES) + 1; next <= minute; next++) {
      for (const ring of [this.#requests, this.#latencies, this.#totals]) ring.clear(next);
    }
    this.#minute = Math.max(this.#minute, minute);
    const day = isoTime(now).slice(0, 10);
    if (day !== this.#day) {
      this.#day = day;
      this.#peakToday = this.#current;
      this.#totalToday = 0;
    }
    return this.#minute;
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
