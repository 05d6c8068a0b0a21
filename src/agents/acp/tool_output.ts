/**
 * What one tool call prints, as entries of the log: as it comes, as a terminal shows it, and nothing twice. Of a call that
 * prints without end the log has the beginning, a little now and then, and the end, with how much is left out.
 */
import type { Clock, Timer } from "../../clock/clock.ts";
import { TerminalLine } from "../reporting/terminal_line.ts";

/** What a call prints is passed on after this time, or once there is this much of it. */
const EVERY_MS = 500;
const LONGEST_ENTRY = 4096;
/** So much of the beginning is shown as it comes. */
const BEGINNING = 32 * 1024;
/** Then so much of the newest is shown this often, */
const GLIMPSE = 2048;
const GLIMPSE_EVERY_MS = 10_000;
/** and so much at the end. */
const END = 8 * 1024;
/** The end of the whole output so far is compared to find out what of it is new. */
const COMPARED = 256;

export interface ToolOutputOptions {
  clock: Clock;
  /** `left_out`: how many characters before the text are in no entry. Nothing is read on until the promise settles. */
  emit: (text: string, left_out: number) => Promise<void>;
  /** Whether so many characters may be shown now; if so, they count. */
  mayShow: (characters: number) => boolean;
}

export class ToolOutput {
  readonly #options: ToolOutputOptions;
  readonly #line = new TerminalLine();
  /** Finished lines that wait to be shown. */
  #pending = "";
  #shown = 0;
  #left_out = 0;
  #timer: Timer | undefined;
  #glimpsed_ms: number;
  /** How much of the whole output has been taken, and its end. */
  #taken = 0;
  #taken_end = "";

  constructor(options: ToolOutputOptions) {
    this.#options = options;
    this.#glimpsed_ms = options.clock.monotonic();
  }

  /** Whether the call has printed anything. */
  get isEmpty(): boolean {
    return this.#taken === 0;
  }

  /** The last line that is not blank. */
  lastLine = "";

  /** Takes what the call has printed since. */
  async add(text: string): Promise<void> {
    this.#taken += text.length;
    this.#taken_end = (this.#taken_end + text.slice(-COMPARED)).slice(-COMPARED);
    let start = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", start)) {
      this.#line.add(text.slice(start, at));
      start = at + 1;
      this.#endLine();
      if (this.#isFull) await this.#flush(LONGEST_ENTRY);
    }
    this.#line.add(text.slice(start));
    // A line without end must not fill the memory.
    if (this.#line.text.length > LONGEST_ENTRY) this.#endLine("");
    if (this.#isFull) await this.#flush(LONGEST_ENTRY);
    else this.#timer ??= this.#options.clock.after(EVERY_MS, () => void this.#tick());
  }

  /** Takes all that the call has printed so far, or the end of it, as agents repeat it with each update. */
  async replace(whole: string): Promise<void> {
    const end = this.#taken_end;
    if (whole.slice(0, this.#taken).endsWith(end)) return await this.add(whole.slice(this.#taken));
    // The beginning is cut off, or it is something else.
    const at = whole.lastIndexOf(end);
    await this.add(at < 0 ? whole : whole.slice(at + end.length));
  }

  /** Passes on what is left. */
  async end(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#line.text !== "") this.#endLine("");
    await this.#flush(END, true);
  }

  get #isFull(): boolean {
    return this.#pending.length >= LONGEST_ENTRY && this.#shown < BEGINNING;
  }

  #endLine(line_end = "\n"): void {
    const { news, text, isBlank, isRedrawn } = this.#line;
    this.#line.clear();
    if (isBlank && isRedrawn) return;
    if (!isBlank) this.lastLine = text;
    this.#pending += news + line_end;
    if (this.#pending.length <= 4 * END) return;
    const kept = endOf(this.#pending, END);
    this.#left_out += this.#pending.length - kept.length;
    this.#pending = kept;
  }

  async #tick(): Promise<void> {
    this.#timer = undefined;
    // A line that nobody redraws may be a question.
    const { news, isRedrawn, isBlank } = this.#line;
    if (!isRedrawn && !isBlank) {
      this.#line.noteShown();
      this.#pending += news;
    }
    if (this.#shown < BEGINNING) return await this.#flush(LONGEST_ENTRY);
    const wait_ms = this.#glimpsed_ms + GLIMPSE_EVERY_MS - this.#options.clock.monotonic();
    if (wait_ms <= 0) return await this.#flush(GLIMPSE);
    this.#timer = this.#options.clock.after(wait_ms, () => void this.#tick());
  }

  /** Shows what is pending; beyond the beginning, only so much of its end. */
  async #flush(most: number, isEnd = false): Promise<void> {
    const { clock, emit, mayShow } = this.#options;
    const pending = this.#pending;
    if (pending.trim() === "") return;
    if (!mayShow(Math.min(most, pending.length)) && !isEnd) {
      this.#timer ??= clock.after(EVERY_MS, () => void this.#tick());
      return;
    }
    const shown = this.#shown + pending.length <= BEGINNING ? pending : endOf(pending, most);
    const left_out = this.#left_out + pending.length - shown.length;
    this.#pending = "";
    this.#left_out = 0;
    this.#shown += shown.length;
    this.#glimpsed_ms = clock.monotonic();
    await emit(shown.replace(/\n+$/, ""), left_out);
  }
}

/** At most `most` characters from the end of `text`, from the beginning of a line if there is one. */
function endOf(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = text.slice(-most).replace(/^[\udc00-\udfff]/, "");
  const line = end.indexOf("\n");
  return line < 0 || line > end.length / 2 ? end : end.slice(line + 1);
}
