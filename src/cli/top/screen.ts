/** The terminal's alternate screen and its keys; given back however the program ends. */
import type { Terminal } from "../terminal.ts";

const utf8 = new TextDecoder();

export class FullScreen {
  #drawn: string[] = [];
  #isOpen = false;
  readonly #close = () => this.close();

  constructor(private readonly terminal: Terminal) {}

  open(): void {
    this.#isOpen = true;
    // Any way out of the program passes here: its end, Deno.exit, an error that nobody caught.
    globalThis.addEventListener("unload", this.#close);
    Deno.stdin.setRaw(true);
    this.terminal.out.write("\x1b[?1049h\x1b[?25l\x1b[2J");
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    globalThis.removeEventListener("unload", this.#close);
    this.terminal.out.write("\x1b[0m\x1b[?25h\x1b[?1049l");
    Deno.stdin.setRaw(false);
  }

  size(): { columns: number; rows: number } {
    const { columns, rows } = Deno.consoleSize();
    // A terminal that does not know its size says 0.
    return { columns: columns || 80, rows: rows || 24 };
  }

  /** Writes the lines that differ from those drawn last. */
  draw(lines: string[]): void {
    if (!this.#isOpen) return;
    const changes = lines.flatMap((line, row) =>
      line === this.#drawn[row] ? [] : [`\x1b[${row + 1};1H${line}\x1b[0m\x1b[K`]
    );
    this.#drawn = lines;
    // As one picture, where the terminal knows how (mode 2026).
    if (changes.length > 0) this.terminal.out.write(`\x1b[?2026h${changes.join("")}\x1b[?2026l`);
  }

  /** Draws everything anew next time: the size has changed. */
  forget(): void {
    this.#drawn = [];
    if (this.#isOpen) this.terminal.out.write("\x1b[2J");
  }

  /** What is typed, until there is no more input. */
  async *input(): AsyncIterable<string> {
    const buffer = new Uint8Array(256);
    for (let count; (count = await Deno.stdin.read(buffer)) !== null;) {
      yield utf8.decode(buffer.subarray(0, count));
    }
  }
}
