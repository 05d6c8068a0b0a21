/** Where commands write: lines and a redrawn status line for people, JSON for programs. */
import { eraseEndLine } from "ansi-escapes";
import { escapedControls, harmless } from "./text.ts";
import { writeStderr, writeStdout } from "./standard_streams.ts";

const CODES = { bold: 1, dim: 2, reverse: 7, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;
export type Style = keyof typeof CODES;

export interface Output {
  write(text: string): void;
  isTerminal: boolean;
  /** The screen's width in columns. */
  width(): number;
}

const stdout: Output = {
  write: writeStdout,
  isTerminal: Deno.stdout.isTerminal(),
  width() {
    try {
      return Deno.consoleSize().columns || 80;
    } catch {
      // None of our streams is a terminal.
      return 80;
    }
  },
};

const stderr: Output = {
  ...stdout,
  write: writeStderr,
  isTerminal: Deno.stderr.isTerminal(),
};

const ERASE_LINE = `\r${eraseEndLine}`;

export class Terminal {
  #status = "";
  constructor(readonly out: Output, readonly err: Output, readonly colored: boolean) {}

  get isTerminal(): boolean {
    return this.out.isTerminal;
  }

  get width(): number {
    return this.out.width();
  }

  paint(text: string, ...styles: Style[]): string {
    if (!this.colored || styles.length === 0 || text === "") return text;
    return `\x1b[${styles.map((style) => CODES[style]).join(";")}m${text}\x1b[0m`;
  }

  /** Writes a line above the status line. Programs get it unchanged; a terminal, without what it would obey but colors. */
  line(line = ""): void {
    const text = this.out.isTerminal ? harmless(line) : line;
    this.out.write(this.#status === "" ? `${text}\n` : `${ERASE_LINE}${text}\n${this.#status}`);
  }

  /** Writes a line to stderr, for the person rather than the program that reads the pipe. */
  note(text: string): void {
    if (this.#status !== "") this.out.write(ERASE_LINE);
    this.err.write(`${this.err.isTerminal ? harmless(text) : text}\n`);
    if (this.#status !== "") this.out.write(this.#status);
  }

  /** As JSON, in which control characters are escaped: those of ASCII by its rules, the others as well. */
  json(value: unknown, indent?: number): void {
    this.out.write(`${escapedControls(JSON.stringify(value, null, indent))}\n`);
  }

  /** Redraws the status line, or removes it (""). Does nothing in a pipe. `text` must fit the width. */
  status(line: string): void {
    const text = harmless(line);
    if (!this.isTerminal || text === this.#status) return;
    this.#status = text;
    this.out.write(`${ERASE_LINE}${text}`);
  }
}

/** Uses color unless stdout is not a terminal, NO_COLOR is set (https://no-color.org) or TERM is "dumb". */
export function openTerminal(): Terminal {
  const plain = Boolean(Deno.env.get("NO_COLOR")) || Deno.env.get("TERM") === "dumb";
  return new Terminal(stdout, stderr, stdout.isTerminal && !plain);
}
