/** One line of a program's output as a terminal shows it: carriage returns and backspaces redraw it. Pure. */
import { stripVTControlCharacters } from "node:util";

/** Moves the cursor to the first column, as a carriage return does. */
// deno-lint-ignore no-control-regex -- it begins with a control character
const TO_FIRST_COLUMN = /\x1b\[[01]?G/g;
/** Move it to the left. */
// deno-lint-ignore no-control-regex -- these are control characters
const TO_THE_LEFT = /[\b]+|\x1b\[(\d{0,9})D/g;
// deno-lint-ignore no-control-regex -- these are control characters
const REDRAWS = /[\r\b]|\x1b\[(?:[01]?G|\d{0,9}D)/;

export class TerminalLine {
  /** What the line shows now. */
  text = "";
  /** Whether it has been redrawn, as a progress bar is. */
  isRedrawn = false;
  /** A carriage return whose meaning the next text decides: it may belong to the line's end. */
  #return = "";
  /** What it showed when it was last shown to somebody before its end. */
  #shown = "";

  get isBlank(): boolean {
    return stripVTControlCharacters(this.text).trim() === "";
  }

  /** Takes what the program writes next, without line ends. Of a line that is redrawn, only the last state is kept. */
  add(written: string): void {
    if (this.#return === "" && !REDRAWS.test(written)) {
      this.text += written;
      return;
    }
    const whole = (this.text + this.#return + written).replace(TO_FIRST_COLUMN, "\r");
    let end = whole.length;
    while (whole[end - 1] === "\r") end--;
    // One says as much as many, and takes no memory while a program prints nothing else.
    this.#return = end < whole.length ? "\r" : "";
    const start = whole.lastIndexOf("\r", end - 1) + 1;
    if (start > 0 && whole.slice(0, start).trim() !== "") this.isRedrawn = true;
    this.text = this.#withoutErased(whole.slice(start, end));
  }

  /** What nobody has been shown yet: what was added since the last time, or all of a line that was redrawn. */
  get news(): string {
    return this.text.startsWith(this.#shown) ? this.text.slice(this.#shown.length) : this.text;
  }

  /** All that there is now has been shown. */
  noteShown(): void {
    this.#shown = this.text;
  }

  /** Removes the first `length` units, which have been passed on as a piece of a long line. */
  remove(length: number): void {
    this.#shown = this.text.startsWith(this.#shown) ? this.#shown.slice(length) : "";
    this.text = this.text.slice(length);
  }

  /** Begins the next line. */
  clear(): void {
    this.text = this.#return = this.#shown = "";
    this.isRedrawn = false;
  }

  /** What the cursor is moved back over counts as erased. Programs move it beyond the beginning to get there. */
  #withoutErased(text: string): string {
    const kept: string[] = [];
    let start = 0;
    for (const { index, 0: move, 1: columns } of text.matchAll(TO_THE_LEFT)) {
      for (const character of text.slice(start, index)) kept.push(character);
      if (kept.length > 0) this.isRedrawn = true;
      const count = columns === undefined ? move.length : Number(columns) || 1;
      kept.length = Math.max(0, kept.length - count);
      start = index + move.length;
    }
    return start === 0 ? text : kept.join("") + text.slice(start);
  }
}
