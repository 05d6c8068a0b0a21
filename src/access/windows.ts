/** The two algorithms of rate limits (API document, "Rate Limit Algorithms"). Time is passed in, in milliseconds. */

export const WINDOW_SECONDS = 60;

/** Counts of the last minute in 60 one-second slots, or of the last 60 slots of another length. A ring of fixed size. */
export class SlidingWindow {
  readonly #slots = new Uint32Array(WINDOW_SECONDS);
  readonly #slot_ms: number;
  #second = 0;
  #total = 0;

  constructor(slot_ms = 1000) {
    this.#slot_ms = slot_ms;
  }

  /** The counts of the newest `length` slots, the oldest first. */
  newest(length: number, now_ms: number): number[] {
    this.#advance(now_ms);
    return Array.from({ length }, (_, i) => {
      const slot = this.#second - length + 1 + i + 2 * WINDOW_SECONDS;
      return this.#slots[slot % WINDOW_SECONDS]!;
    });
  }

  /** How many were counted within the last minute. */
  count(now_ms: number): number {
    this.#advance(now_ms);
    return this.#total;
  }

  add(now_ms: number, amount = 1): void {
    this.#advance(now_ms);
    this.#slots[this.#second % WINDOW_SECONDS]! += amount;
    this.#total += amount;
  }

  /** Takes back one that was counted at `at_ms`, unless it has left the window. */
  takeBack(at_ms: number, now_ms: number): void {
    this.#advance(now_ms);
    const second = Math.floor(at_ms / this.#slot_ms);
    const slot = second % WINDOW_SECONDS;
    if (this.#second - second >= WINDOW_SECONDS || this.#slots[slot] === 0) return;
    this.#slots[slot]! -= 1;
    this.#total -= 1;
  }

  /** Whole seconds until the count is below `limit`; 0 when it is. */
  secondsUntilBelow(limit: number, now_ms: number): number {
    this.#advance(now_ms);
    let total = this.#total;
    for (let age = 0; age < WINDOW_SECONDS; age++) {
      if (total < limit) return age;
      total -= this.#slots[(this.#second + 1 + age) % WINDOW_SECONDS]!;
    }
    return WINDOW_SECONDS;
  }

  /** Whole seconds until the newest count has left the window. */
  secondsUntilEmpty(now_ms: number): number {
    this.#advance(now_ms);
    for (let age = 0; age < WINDOW_SECONDS; age++) {
      if (this.#slots[(this.#second - age + 10 * WINDOW_SECONDS) % WINDOW_SECONDS]! > 0) {
        return WINDOW_SECONDS - age;
      }
    }
    return 0;
  }

  #advance(now_ms: number): void {
    const second = Math.floor(now_ms / this.#slot_ms);
    // A clock that was set back stays in the newest slot until it has caught up.
    if (second <= this.#second) return;
    const steps = Math.min(WINDOW_SECONDS, second - this.#second);
    for (let i = 1; i <= steps; i++) {
      const slot = (this.#second + i) % WINDOW_SECONDS;
      this.#total -= this.#slots[slot]!;
      this.#slots[slot] = 0;
    }
    if (steps === WINDOW_SECONDS) {
      this.#slots.fill(0);
      this.#total = 0;
    }
    this.#second = second;
  }
}

/** Accepts `capacity` at once and refills at `capacity` a second, or at `pace` times that. */
export class TokenBucket {
  #capacity: number;
  #tokens: number;
  #at_ms: number;
  readonly #pace: number;

  constructor(capacity: number, now_ms: number, pace = 1) {
    this.#pace = pace;
    this.#capacity = this.#tokens = capacity;
    this.#at_ms = now_ms;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Changes the capacity. A larger one is available at once; a smaller one cuts what is left. */
  resize(capacity: number): void {
    this.#tokens = Math.min(capacity, this.#tokens + Math.max(0, capacity - this.#capacity));
    this.#capacity = capacity;
  }

  /** Whether a token is left now. */
  has(now_ms: number): boolean {
    this.#refill(now_ms);
    return this.#tokens >= 1;
  }

  take(now_ms: number): void {
    this.#refill(now_ms);
    this.#tokens -= 1;
  }

  /** How much of the bucket is used. */
  used(now_ms: number): number {
    this.#refill(now_ms);
    return Math.max(0, Math.ceil(this.#capacity - this.#tokens));
  }

  #refill(now_ms: number): void {
    if (now_ms <= this.#at_ms) return;
    const seconds = (now_ms - this.#at_ms) / 1000;
    this.#tokens = Math.min(this.#capacity, this.#tokens + seconds * this.#capacity * this.#pace);
    this.#at_ms = now_ms;
  }
}
