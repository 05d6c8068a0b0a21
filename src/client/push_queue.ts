/** Messages that wait for a `for await` loop: bounded, so that a reader that stops reading costs little. */
import { ApiError } from "../domain/errors.ts";

export const QUEUE_MAX = 1000;

/**
 * An async iterator fed from outside. At the bound, nothing is dropped silently: the iterator still delivers what is
 * queued and then throws `SUBSCRIPTION_ERROR`.
 */
export class PushQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #max: number;
  readonly #ended: () => void;
  #items: T[] = [];
  #readers: PromiseWithResolvers<IteratorResult<T, undefined>>[] = [];
  #state: "open" | "ended" = "open";
  #drained: (() => void)[] = [];
  #filled: (() => void)[] = [];
  #error: unknown;

  /** `ended` is called once, when the queue takes no more items. */
  constructor(max: number, ended: () => void = () => {}) {
    this.#max = max;
    this.#ended = ended;
  }

  push(item: T): void {
    if (this.#state === "ended") return;
    const reader = this.#readers.shift();
    if (reader) return reader.resolve({ done: false, value: item });
    if (this.#items.length < this.#max) {
      this.#items.push(item);
      for (const resolve of this.#filled.splice(0)) resolve();
      return;
    }
    this.end(
      new ApiError("SUBSCRIPTION_ERROR", `More than ${this.#max} messages waited to be read`, {
        limit: this.#max,
      }),
    );
  }

  /** Takes no more items. After the queued ones, the iterator ends or, with an error, throws it once. */
  end(error?: unknown): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#error = error;
    for (const reader of this.#readers.splice(0)) {
      if (this.#error === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(this.#takeError());
    }
    this.#tellDrained();
    for (const resolve of this.#filled.splice(0)) resolve();
    this.#ended();
  }

  get isEnded(): boolean {
    return this.#state === "ended";
  }

  /** Resolves when there is something to read or the queue has ended. */
  filled(): Promise<void> {
    if (this.#items.length > 0 || this.isEnded) return Promise.resolve();
    return new Promise((resolve) => this.#filled.push(resolve));
  }

  /** Resolves when the reader has taken everything or the queue has ended. */
  drained(): Promise<void> {
    if (this.#items.length === 0 || this.isEnded) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift()!;
      if (this.#items.length === 0) this.#tellDrained();
      return Promise.resolve({ done: false, value });
    }
    if (this.#error !== undefined) return Promise.reject(this.#takeError());
    if (this.#state === "ended") return Promise.resolve({ done: true, value: undefined });
    const reader = Promise.withResolvers<IteratorResult<T, undefined>>();
    this.#readers.push(reader);
    return reader.promise;
  }

  /** The reader has left the loop. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#items = [];
    this.#error = undefined;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #tellDrained(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  #takeError(): unknown {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }
}
