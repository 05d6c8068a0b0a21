/** One line at the bottom of the terminal that is drawn again and again, with everything else printed above it. */
import { cut, type Terminal } from "./terminal.ts";

const CLEAR = "\r\x1b[2K";

/** Where stdout is no terminal, only `print` writes. */
export class StatusLine {
  readonly #terminal: Terminal;
  #text = "";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  set(text: string): void {
    if (!this.#terminal.isTTY || text === this.#text) return;
    this.#text = text;
    this.#terminal.out(CLEAR + this.#drawn());
  }

  /** Lines above it. */
  print(line: string): void {
    if (this.#text === "") this.#terminal.out(`${line}\n`);
    else this.#terminal.out(`${CLEAR}${line}\n${this.#drawn()}`);
  }

  clear(): void {
    if (this.#text === "") return;
    this.#text = "";
    this.#terminal.out(CLEAR);
  }

  #drawn(): string {
    // A line that wraps could not be cleared.
    return cut(this.#text, this.#terminal.columns - 1);
  }
}
