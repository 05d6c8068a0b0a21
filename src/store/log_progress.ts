/** How many entries have come to a stage, such as their commit, and who waits for more. Pure. */
interface Waiter {
  entries: number;
  resolve(): void;
  reject(error: unknown): void;
}

export class LogProgress {
  #entries = 0;
  #waiters: Waiter[] = [];

  get entries(): number {
    return this.#entries;
  }

  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  /** Resolves when this many entries have come here. Rejects when the store fails. */
  reached(entries: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiters.push({ entries, resolve, reject });
    return promise;
  }

  moveTo(entries: number): void {
    this.#entries = entries;
    const done = this.#waiters.filter((waiter) => waiter.entries <= entries);
    this.#waiters = this.#waiters.filter((waiter) => waiter.entries > entries);
    for (const waiter of done) waiter.resolve();
  }

  /** `entries`: how many are here after the failure. */
  fail(error: unknown, entries: number): void {
    this.#entries = entries;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }
}
