/** The terminal's alternate screen and its keys. Whatever ends the program, the terminal is restored. */
import {
  cursorHide,
  cursorShow,
  cursorTo,
  enterAlternativeScreen,
  eraseEndLine,
  eraseScreen,
  exitAlternativeScreen,
  synchronizedOutput,
} from "ansi-escapes";
import type { Terminal } from "../terminal.ts";

const RESET_STYLE = "\x1b[0m";
const utf8 = new TextDecoder();

export class FullScreen {
  readonly #terminal: Terminal;
  readonly #close = () => this.close();
  #drawn: string[] = [];
  #isOpen = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  open(): void {
    this.#isOpen = true;
    // Every way out of the program unloads it: its end, Deno.exit, an uncaught error.
    globalThis.addEventListener("unload", this.#close);
    Deno.stdin.setRaw(true);
    this.#terminal.out.write(enterAlternativeScreen + cursorHide + eraseScreen);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    globalThis.removeEventListener("unload", this.#close);
    this.#terminal.out.write(RESET_STYLE + cursorShow + exitAlternativeScreen);
    Deno.stdin.setRaw(false);
  }

  size(): { columns: number; rows: number } {
    const { columns, rows } = Deno.consoleSize();
    // A terminal that does not know its size reports 0.
    return { columns: columns || 80, rows: rows || 24 };
  }

  /** Writes the lines that have changed since the last call. */
  draw(lines: string[]): void {
    if (!this.#isOpen) return;
    const changes = lines.flatMap((line, row) =>
      line === this.#drawn[row] ? [] : [cursorTo(0, row) + line + RESET_STYLE + eraseEndLine]
    );
    this.#drawn = lines;
    if (changes.length > 0) this.#terminal.out.write(synchronizedOutput(changes.join("")));
  }

  /** Makes the next call of `draw` write every line, because the size has changed. */
  forget(): void {
    this.#drawn = [];
    if (this.#isOpen) this.#terminal.out.write(eraseScreen);
  }

  /** What the user types, until there is no more input. */
  async *input(): AsyncIterable<string> {
    const buffer = new Uint8Array(256);
    for (let count; (count = await Deno.stdin.read(buffer)) !== null;) {
      yield utf8.decode(buffer.subarray(0, count));
    }
  }
}
