/** One line of a program's output as a terminal shows it: carriage returns and backspaces redraw it. Pure. */
import { stripVTControlCharacters } from "node:util";

/** Moves the cursor to the beginning of the line, as a carriage return does. */
// deno-lint-ignore no-control-regex -- it begins with a control character
const TO_FIRST_COLUMN = /\x1b\[[01]?G/g;
// deno-lint-ignore no-control-regex -- these are control characters
const REDRAWS = /[\r\b]|\x1b\[[01]?G/;

export class TerminalLine {
  /** What the line shows now. */
  text = "";
  /** Whether it has been redrawn, as a progress bar is. */
  isRedrawn = false;
  /** Carriage returns whose meaning the next text decides: they may belong to the line's end. */
  #returns = "";
  /** What it showed when it was last shown to somebody before its end. */
  #shown = "";

  get isBlank(): boolean {
    return stripVTControlCharacters(this.text).trim() === "";
  }

  /** Takes what the program writes next, without line ends. Of a line that is redrawn, only the last state is kept. */
  add(written: string): void {
    if (this.#returns === "" && !REDRAWS.test(written)) {
      this.text += written;
      return;
    }
    const whole = (this.text + this.#returns + written).replace(TO_FIRST_COLUMN, "\r");
    const end = whole.length - /\r*$/.exec(whole)![0].length;
    this.#returns = whole.slice(end);
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
    this.text = this.#returns = this.#shown = "";
    this.isRedrawn = false;
  }

  #withoutErased(text: string): string {
    if (!text.includes("\b")) return text;
    const kept: string[] = [];
    for (const character of text) {
      if (character !== "\b") kept.push(character);
      else if (kept.pop() !== undefined) this.isRedrawn = true;
    }
    return kept.join("");
  }
}
