/** Shows what an agent leaves unfinished on stdout although it is no message, such as a question to a person. */
import type { Clock, Timer } from "../../clock/clock.ts";

/** A line that is left unfinished for this long is shown. */
const QUIET_MS = 1000;
const LONGEST_BYTES = 500;
const LINE_END = 0x0a;
/** How each message begins. */
const BRACE = 0x7b;

export class UnfinishedLine {
  readonly #clock: Clock;
  readonly #show: (text: string) => void;
  #begun: number[] = [];
  #isShown = false;
  #timer: Timer | undefined;

  /** `show`: called once for each such line, with its beginning. */
  constructor(clock: Clock, show: (text: string) => void) {
    this.#clock = clock;
    this.#show = show;
  }

  /** Takes the bytes that have just arrived. */
  take(chunk: Uint8Array): void {
    this.#timer?.cancel();
    const line_end = chunk.lastIndexOf(LINE_END);
    if (line_end >= 0) {
      this.#begun = [];
      this.#isShown = false;
    }
    const room = LONGEST_BYTES - this.#begun.length;
    this.#begun.push(...chunk.subarray(line_end + 1, line_end + 1 + room));
    if (this.#isShown || this.#begun.length === 0 || this.#begun[0] === BRACE) return;
    this.#timer = this.#clock.after(QUIET_MS, () => this.#look());
  }

  /** Shows nothing more. */
  end(): void {
    this.#timer?.cancel();
    this.#isShown = true;
  }

  #look(): void {
    const text = new TextDecoder().decode(Uint8Array.from(this.#begun)).trim();
    if (text === "") return;
    this.#isShown = true;
    this.#show(text);
  }
}
