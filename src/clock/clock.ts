/**
 * The only room that reads the time and draws random numbers. Everything else takes a `Clock`, so the same code runs in
 * the simulation tests. A test bans `Date.now`, `setTimeout` and `Math.random` elsewhere.
 */

/** A timer that has not fired yet. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch; may jump. */
  now(): number;
  /** Milliseconds that never go back; for durations. */
  monotonic(): number;
  /** Runs `action` once, `delay_ms` from now. A delay of more than 24 days is split into several timers. */
  after(delay_ms: number, action: () => void): Timer;
  /** Runs `action` every `period_ms` until cancelled. */
  every(period_ms: number, action: () => void): Timer;
  /** A number in [0, 1). */
  random(): number;
}

/** setTimeout stores its delay in 31 bits. A longer delay would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  after(delay_ms, action) {
    let id: ReturnType<typeof setTimeout>;
    const wait = (left_ms: number) => {
      id = left_ms > LONGEST_DELAY_MS
        ? setTimeout(() => wait(left_ms - LONGEST_DELAY_MS), LONGEST_DELAY_MS)
        : setTimeout(action, Math.max(0, left_ms));
    };
    wait(delay_ms);
    return { cancel: () => clearTimeout(id) };
  },
  every(period_ms, action) {
    const id = setInterval(action, period_ms);
    return { cancel: () => clearInterval(id) };
  },
};

/** The last time that was formatted: under load, many times in a row are the same millisecond. */
let formatted = { epoch_ms: NaN, text: "" };

/** Formats a timestamp as the API document does: ISO 8601, UTC, milliseconds, `Z`. */
export function isoTime(epoch_ms: number): string {
  if (epoch_ms !== formatted.epoch_ms) formatted = { epoch_ms, text: new Date(epoch_ms).toISOString() };
  return formatted.text;
}

/** A timestamp with date, time and zone. Without flags, so that it can be published. */
export const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-]\d{2})(?::?(\d{2}))?)$/;

/**
 * Parses an ISO 8601 timestamp with date, time and zone into milliseconds since the epoch. Returns NaN for other text
 * and for a day that the calendar does not have. All timestamps, ours and others', are parsed here.
 */
export function epochOf(iso: string): number {
  const parts = TIMESTAMP.exec(iso);
  if (!parts) return NaN;
  const [, year, month, day, time, second = "00", fraction = "0", hours, minutes = "00"] = parts;
  if (Number(day) > daysIn(Number(year), Number(month)) || second > "59" || time! > "23:59") return NaN;
  const zone = hours === undefined ? "Z" : `${hours}:${minutes}`;
  return Date.parse(`${year}-${month}-${day}T${time}:${second}.${fraction}${zone}`);
}

/** Needed because `Date.parse` reads February 30 as March 2. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

export function sleep(clock: Clock, delay_ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(delay_ms, resolve));
}

/** Settles as `promise` does, or resolves with `late` after `bound_ms`. A later rejection is ignored. */
export async function within<T, L>(
  clock: Clock,
  bound_ms: number,
  promise: Promise<T>,
  late: L,
): Promise<T | L> {
  let timer: Timer | undefined;
  const bound = new Promise<L>((resolve) => timer = clock.after(bound_ms, () => resolve(late)));
  try {
    return await Promise.race([promise, bound]);
  } finally {
    timer?.cancel();
  }
}
