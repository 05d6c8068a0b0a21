/** Those who hear of each commit, in order. */
import { getLogger } from "@logtape/logtape";

const log = getLogger(["opencode-agents", "store"]);

export class Listeners<T> {
  readonly #what: string;
  readonly #listeners = new Set<(value: T) => unknown>();

  /** `what` they listen to, for the log. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Returns the function that ends the subscription. */
  add(listener: (value: T) => unknown): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Returns the promises of those that take their time. One that throws has a bug; the others hear of it all the same. */
  tell(value: T): Promise<unknown>[] {
    const busy: Promise<unknown>[] = [];
    for (const listener of this.#listeners) {
      try {
        const result = listener(value);
        if (result instanceof Promise) busy.push(result);
      } catch (error) {
        log.error("A listener failed on {what}: {error}", { what: this.#what, error });
      }
    }
    return busy;
  }
}
