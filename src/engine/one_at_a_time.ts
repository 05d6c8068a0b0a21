/** What is done with one thing, such as a repository, is done one after another, whoever asks. */
export class OneAtATime {
  readonly #last = new Map<string, Promise<unknown>>();

  /** `thing`: what names it, such as git's folder of a repository. What fails does not hold up the next. */
  async in<T>(thing: string, carryOut: () => Promise<T>): Promise<T> {
    const before = this.#last.get(thing);
    const turn = before === undefined ? carryOut() : before.then(carryOut);
    const settled = turn.then(() => {}, () => {});
    this.#last.set(thing, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(thing) === settled) this.#last.delete(thing);
    }
  }
}
