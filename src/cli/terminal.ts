/** Where commands write: lines for people, redrawn status lines in a terminal, documents for programs. */
import { writeAllSync } from "./write_all.ts";

const CODES = { bold: 1, dim: 2, reverse: 7, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;
export type Style = keyof typeof CODES;

export interface Output {
  write(text: string): void;
  isTerminal: boolean;
  /** Columns of the screen. */
  width(): number;
}

export const stdout: Output = {
  write: (text) => writeAllSync(Deno.stdout, text),
  isTerminal: Deno.stdout.isTerminal(),
  width() {
    try {
      return Deno.consoleSize().columns || 80;
    } catch {
      // No screen on any of our streams.
      return 80;
    }
  },
};

export const stderr: Output = {
  ...stdout,
  write: (text) => writeAllSync(Deno.stderr, text),
  isTerminal: Deno.stderr.isTerminal(),
};

export class Terminal {
  #status = "";
  constructor(readonly out: Output, readonly err: Output, readonly coloured: boolean) {}

  get isTerminal(): boolean {
    return this.out.isTerminal;
  }

  get width(): number {
    return this.out.width();
  }

  paint(text: string, ...styles: Style[]): string {
    if (!this.coloured || styles.length === 0 || text === "") return text;
    return `\x1b[${styles.map((style) => CODES[style]).join(";")}m${text}\x1b[0m`;
  }

  /** A line, above the status line if there is one. */
  line(text = ""): void {
    this.out.write(this.#status === "" ? `${text}\n` : `\r\x1b[K${text}\n${this.#status}`);
  }

  /** A line for the person rather than for the pipe behind us. */
  note(text: string): void {
    if (this.#status !== "") this.out.write("\r\x1b[K");
    this.err.write(`${text}\n`);
    if (this.#status !== "") this.out.write(this.#status);
  }

  json(value: unknown, indent?: number): void {
    this.out.write(`${JSON.stringify(value, null, indent)}\n`);
  }

  /** Draws the status line anew, or removes it (""). Nothing in a pipe. `text` must fit the width. */
  status(text: string): void {
    if (!this.isTerminal || text === this.#status) return;
    this.#status = text;
    this.out.write(`\r\x1b[K${text}`);
  }
}

/** Colours in a terminal, unless NO_COLOR is set (https://no-color.org) or the terminal is a dumb one. */
export function openTerminal(): Terminal {
  const plain = Boolean(Deno.env.get("NO_COLOR")) || Deno.env.get("TERM") === "dumb";
  return new Terminal(stdout, stderr, stdout.isTerminal && !plain);
}
