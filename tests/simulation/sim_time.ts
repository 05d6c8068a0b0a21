/**
 * Simulated time. Nothing happens by itself: the driver fires one timer after the other, and between two of them lets
 * all code run as far as it can. The monotonic clock only moves from timer to timer; the wall clock can be set.
 */
import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../../src/clock/clock.ts";
import type { Random } from "./random.ts";

/** Moments to begin at: an ordinary morning, and others just before days on which calendars and clocks do odd things. */
const FIRST_MOMENTS = [
  "2030-01-07T08:00Z",
  // The 31st, of which not each month has one; in the east of the date line it is the 1st.
  "2030-01-31T10:30Z",
  "2030-10-31T07:30Z",
  // A day before the time of now is skipped, and a day before it comes twice, in Berlin and in New York.
  "2030-03-30T01:10Z",
  "2030-10-26T00:10Z",
  "2030-03-09T07:10Z",
  "2030-11-02T05:10Z",
  // The last days before the 29th of February.
  "2032-01-31T23:55Z",
];

interface Pending {
  at_ms: number;
  /** Timers of the same moment fire in the order in which they were set. */
  order: number;
  action: () => void;
  /** Its owner stands still until then. */
  owner: { paused_ms: number };
}

/** The timers of one owner, which die with it. */
export interface OwnedClock extends Clock {
  die(): void;
  /** Stands still for so long: what is due meanwhile comes after. */
  pause(ms: number): void;
  /** Runs the action now, or when it stands still no more. */
  whenAwake(action: () => void): void;
}

export class SimTime {
  monotonic_ms = 0;
  /** What the wall clock is ahead of the time that has passed. */
  #shift_ms = 0;
  #order = 0;
  readonly #timers = new Set<Pending>();
  readonly #random: Random;
  readonly #first_ms: number;
  /** The furthest that the wall clock has been. */
  latest_ms: number;

  constructor(random: Random) {
    this.#random = random;
    this.latest_ms = this.#first_ms = Date.parse(random.pick(FIRST_MOMENTS));
  }

  get now_ms(): number {
    return this.#first_ms + this.#shift_ms + this.monotonic_ms;
  }

  setWallClock(by_ms: number): void {
    this.#shift_ms += by_ms;
    this.latest_ms = Math.max(this.latest_ms, this.now_ms);
  }

  /** A clock as the program knows it; its wall clock is ahead by so much. After `die` none of its timers fires. */
  clock(ahead_ms = 0): OwnedClock {
    const owner = { paused_ms: 0 };
    const own = new Set<Pending>();
    let alive = true;
    const after = (delay_ms: number, action: () => void): Timer => {
      if (!alive) return { cancel: () => {} };
      const pending: Pending = {
        at_ms: this.monotonic_ms + Math.max(0, Math.ceil(delay_ms)),
        order: ++this.#order,
        owner,
        action: () => {
          own.delete(pending);
          action();
        },
      };
      own.add(pending);
      this.#timers.add(pending);
      return {
        cancel: () => {
          own.delete(pending);
          this.#timers.delete(pending);
        },
      };
    };
    return {
      now: () => this.now_ms + ahead_ms,
      monotonic: () => this.monotonic_ms,
      random: () => this.#random.next(),
      after,
      every(period_ms, action) {
        const again = () => {
          timer = after(period_ms, again);
          action();
        };
        let timer = after(period_ms, again);
        return { cancel: () => timer.cancel() };
      },
      pause: (ms) => owner.paused_ms = Math.max(owner.paused_ms, this.monotonic_ms + ms),
      whenAwake: (action) => {
        if (owner.paused_ms > this.monotonic_ms) after(0, action);
        else action();
      },
      die: () => {
        alive = false;
        for (const pending of own) this.#timers.delete(pending);
        own.clear();
      },
    };
  }

  /** Fires the next timer if it is due by `until_ms` (monotonic); else lets the time pass until then. */
  step(until_ms: number): boolean {
    let next: Pending | undefined;
    const dueAt = ({ at_ms, owner }: Pending) => Math.max(at_ms, owner.paused_ms);
    let due_ms = Infinity;
    for (const one of this.#timers) {
      const at_ms = dueAt(one);
      if (at_ms < due_ms || (at_ms === due_ms && one.order < next!.order)) [next, due_ms] = [one, at_ms];
    }
    const found = due_ms <= until_ms;
    this.monotonic_ms = Math.max(this.monotonic_ms, found ? due_ms : until_ms);
    this.latest_ms = Math.max(this.latest_ms, this.now_ms);
    if (!found) return false;
    this.#timers.delete(next!);
    next!.action();
    return true;
  }
}

/** Lets all code run that waits for nothing but other code. Nothing here waits for the outside world. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
