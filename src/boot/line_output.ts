/** Lines for a stream that may be closed, full or stalled. Writing never fails and never waits. */
import { type Clock, within } from "../clock/clock.ts";

/** How much waits for a slow reader. Lines beyond that are dropped. */
const WAITING_MAX_CHARS = 1 << 20;

export interface LineOutputOptions {
  clock: Clock;
  /** Writes a part and returns its length in bytes, as `Deno.stderr.write` does. */
  write(bytes: Uint8Array): Promise<number>;
  /** Called once when lines begin to be dropped, with the reason. */
  failed?(reason: string): void;
  /** The line that reports, once writing works again, how many lines are missing. */
  gap(count: number, reason: string): string;
}

export class LineOutput {
  readonly #options: LineOutputOptions;
  #waiting: string[] = [];
  #chars = 0;
  #lost = 0;
  #reason = "";
  #writing: Promise<void> | undefined;

  constructor(options: LineOutputOptions) {
    this.#options = options;
  }

  /** Takes a line, which ends with a newline. */
  write(line: string): void {
    if (this.#chars + line.length > WAITING_MAX_CHARS) return this.#drop(1, "its reader does not read");
    this.#waiting.push(line);
    this.#chars += line.length;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when everything is written, or after `bound_ms`. */
  async flush(bound_ms: number): Promise<void> {
    if (this.#writing) await within(this.#options.clock, bound_ms, this.#writing, undefined);
  }

  async #writeAll(): Promise<void> {
    // Lines of the same moment are written together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      const missing = this.#lost;
      const gap = missing > 0 ? this.#options.gap(missing, this.#reason) : "";
      [this.#waiting, this.#chars] = [[], 0];
      try {
        await this.#writeBytes(new TextEncoder().encode(gap + lines.join("")));
        // More may have been dropped meanwhile.
        this.#lost -= missing;
      } catch (error) {
        this.#drop(lines.length, error instanceof Error ? error.message : String(error));
      }
    }
    this.#writing = undefined;
  }

  async #writeBytes(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      written += await this.#options.write(bytes.subarray(written));
    }
  }

  #drop(count: number, reason: string): void {
    const isFirst = this.#lost === 0;
    this.#lost += count;
    this.#reason = reason;
    if (isFirst) this.#options.failed?.(reason);
  }
}
