/** A text to look for in many lines at once. Pure. */
import { folded } from "./log_line.ts";

/** A line of a chunk, with its index. */
export interface NumberedLine {
  n: number;
  line: string;
}

export function numbered(lines: readonly string[]): NumberedLine[] {
  return lines.map((line, n) => ({ n, line }));
}

/** It folds to two characters. */
const DOTTED_I = "\u0130";

/** Finds every line that contains the text without case, and a few that only seem to. */
export class Clue {
  readonly #folded: string;
  readonly #pattern: RegExp;

  constructor(text: string) {
    this.#folded = folded(text);
    this.#pattern = new RegExp(this.#folded.replace(/[\^$\\.*+?()[\]{}|/]/g, "\\$&"), "giu");
  }

  /** Several times as fast as folding the whole text, which is needed only for a dotted capital I. */
  isIn(text: string): boolean {
    return this.#indexIn(text, 0) >= 0 || (text.includes(DOTTED_I) && folded(text).includes(this.#folded));
  }

  /** The lines that contain it, with their numbers. */
  *numberedLinesIn(text: string): Generator<NumberedLine> {
    if (text.includes(DOTTED_I)) {
      for (const one of numbered(text.split("\n"))) if (this.isIn(one.line)) yield one;
      return;
    }
    let n = 0;
    let at = 0;
    for (let found = this.#indexIn(text, at); found >= 0; found = this.#indexIn(text, at)) {
      let end = text.indexOf("\n", at);
      for (; end >= 0 && end < found; end = text.indexOf("\n", at)) {
        at = end + 1;
        n++;
      }
      if (end < 0) return yield { n, line: text.slice(at) };
      yield { n, line: text.slice(at, end) };
      at = end + 1;
      n++;
    }
  }

  /** The lines that contain it. Faster, because the others are not counted. */
  *linesIn(text: string): Generator<string> {
    if (text.includes(DOTTED_I)) {
      for (const line of text.split("\n")) if (this.isIn(line)) yield line;
      return;
    }
    for (let found = this.#indexIn(text, 0); found >= 0;) {
      const end = text.indexOf("\n", found);
      const start = text.lastIndexOf("\n", found - 1) + 1;
      yield text.slice(start, end < 0 ? text.length : end);
      if (end < 0) return;
      found = this.#indexIn(text, end + 1);
    }
  }

  #indexIn(text: string, from: number): number {
    this.#pattern.lastIndex = from;
    return this.#pattern.exec(text)?.index ?? -1;
  }
}
