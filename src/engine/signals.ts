/** Signals to an agent's processes, one after the other in the order in which they were asked for. */
export class Signals {
  #last: Promise<void> = Promise.resolve();

  /** Settles when those asked for so far have arrived; rejects when the last one could not. */
  get sent(): Promise<void> {
    return this.#last;
  }

  send(signal: () => Promise<void> | undefined): Promise<void> {
    // Whoever asked for the one before was told of its failure.
    const before = this.#last.catch(() => undefined);
    return this.#last = before.then(signal);
  }
}
