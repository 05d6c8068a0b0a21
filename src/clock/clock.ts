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
  /** Runs `action` once, `delay_ms` from now, however long that is. */
  after(delay_ms: number, action: () => void): Timer;
  /** Runs `action` every `period_ms`, however long that is, until cancelled. */
  every(period_ms: number, action: () => void): Timer;
  /** A number in [0, 1). */
  random(): number;
}

/** The platform's timers. They store a delay in 31 bits: a longer one, of 24.9 days, would fire at once. */
export interface ShortTimers<Id> {
  setTimeout(action: () => void, delay_ms: number): Id;
  clearTimeout(id: Id): void;
  setInterval(action: () => void, period_ms: number): Id;
  clearInterval(id: Id): void;
}

const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Timers of any length, made of short ones. */
export function longTimers<Id>(short: ShortTimers<Id>): Pick<Clock, "after" | "every"> {
  const after: Clock["after"] = (delay_ms, action) => {
    let id: Id;
    const wait = (left_ms: number) => {
      id = left_ms > LONGEST_DELAY_MS
        ? short.setTimeout(() => wait(left_ms - LONGEST_DELAY_MS), LONGEST_DELAY_MS)
        : short.setTimeout(action, Math.max(0, left_ms));
    };
    wait(delay_ms);
    return { cancel: () => short.clearTimeout(id) };
  };
  const every: Clock["every"] = (period_ms, action) => {
    if (period_ms <= LONGEST_DELAY_MS) {
      const id = short.setInterval(action, period_ms);
      return { cancel: () => short.clearInterval(id) };
    }
    let next: Timer;
    const again = () => {
      next = after(period_ms, () => {
        again();
        action();
      });
    };
    again();
    return { cancel: () => next.cancel() };
  };
  return { after, every };
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  // Looked up at each call: a tool that counts timers may have replaced them.
  ...longTimers({
    setTimeout: (action, delay_ms) => globalThis.setTimeout(action, delay_ms),
    clearTimeout: (id) => globalThis.clearTimeout(id),
    setInterval: (action, period_ms) => globalThis.setInterval(action, period_ms),
    clearInterval: (id) => globalThis.clearInterval(id),
  }),
};

/** The last moment that a timestamp with a year of four digits can say. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The last time that was formatted: under load, many times in a row are the same millisecond. */
let formatted = { epoch_ms: NaN, text: "" };

/**
 * Formats a timestamp as the API document does: ISO 8601, UTC, milliseconds, `Z`. A later moment, from a bound of a
 * million years, becomes the end of the year 9999.
 */
export function isoTime(epoch_ms: number): string {
  if (epoch_ms !== formatted.epoch_ms) {
    formatted = { epoch_ms, text: new Date(Math.min(epoch_ms, LATEST_MS)).toISOString() };
  }
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

/** Parses `2026-11-30 06:45:49` in this machine's local time into milliseconds since the epoch; NaN for other text. */
export function localEpochOf(text: string): number {
  return /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text) ? Date.parse(text.replace(" ", "T")) : NaN;
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

/** A moment for libraries that take nothing else. */
export function dateOf(epoch_ms: number): Date {
  return new Date(epoch_ms);
}
