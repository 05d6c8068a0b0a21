/** What is done with one repository is done one after another, whoever asks. */
export class RepositoryTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** `common_dir`: git's folder. What fails does not hold up the next. */
  async in<T>(common_dir: string, carryOut: () => Promise<T>): Promise<T> {
    const before = this.#last.get(common_dir);
    const turn = before === undefined ? carryOut() : before.then(carryOut);
    const settled = turn.then(() => {}, () => {});
    this.#last.set(common_dir, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(common_dir) === settled) this.#last.delete(common_dir);
    }
  }
}
