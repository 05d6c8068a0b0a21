/** What is promised of rate limits: no more than so many in a minute of whole seconds, and no refusal before that. */
export class LimitModel {
  readonly #counted = new Map<string, number[]>();
  readonly #limits: Record<string, number>;
  readonly #fail: (message: string) => void;

  constructor(limits: Record<string, number>, fail: (message: string) => void) {
    this.#limits = limits;
    this.#fail = fail;
  }

  /** A new server has counted nothing. */
  forget(): void {
    this.#counted.clear();
  }

  /** A message that falls under these limits; `refused` names the one it was refused for. */
  message(client: string, names: readonly string[], at_ms: number, refused: string | undefined): void {
    for (const name of names) {
      const key = `${client} ${name}`;
      const counted = this.#counted.get(key) ?? [];
      this.#counted.set(key, counted);
      const second = Math.floor(at_ms / 1000);
      const used = counted.filter((one) => one > second - 60).length;
      const isFull = used >= this.#limits[name]!;
      if (isFull !== (refused === name)) {
        this.#fail(`${name}: ${used} used, and one more was ${refused === name ? "refused" : "let through"}`);
      }
      if (refused === name) return;
      counted.push(second);
    }
  }
}
