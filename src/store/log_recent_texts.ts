/** The search texts that were read lately. Searches come in bursts: while someone types, and page after page. */
import type { Clock, Timer } from "../clock/clock.ts";
import type { ChunkHeader } from "./log_chunk.ts";

/** What one and a half million short entries take. Beyond it, texts are read from the store each time. */
const BYTES_MAX = 64 << 20;
const KEPT_MS = 60_000;
/** What is searched in a few milliseconds. */
const TURN_BYTES = 8 << 20;

export class RecentTexts {
  readonly #clock: Clock;
  /** A chunk that no longer grows keeps its header. */
  readonly #texts = new Map<ChunkHeader, string>();
  #bytes = 0;
  #expiry: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps all texts for another minute. */
  touch(): void {
    this.#expiry?.cancel();
    this.#expiry = this.#clock.after(KEPT_MS, () => this.clear());
  }

  /** Those of these chunks that are here. Other work gets a turn now and then. */
  async *of(headers: readonly ChunkHeader[]): AsyncGenerator<{ header: ChunkHeader; text: string }> {
    let searched = 0;
    for (const header of headers) {
      const text = this.#texts.get(header);
      if (text === undefined) continue;
      yield { header, text };
      searched += text.length;
      if (searched < TURN_BYTES) continue;
      searched = 0;
      await new Promise<void>((resolve) => this.#clock.after(0, resolve));
    }
  }

  has(header: ChunkHeader): boolean {
    return this.#texts.has(header);
  }

  put(header: ChunkHeader, text: string): void {
    // A search that was under way may end after `clear`.
    if (!this.#expiry || this.#texts.has(header) || this.#bytes + text.length > BYTES_MAX) return;
    this.#texts.set(header, text);
    this.#bytes += text.length;
  }

  forget(header: ChunkHeader): void {
    const text = this.#texts.get(header);
    if (text === undefined) return;
    this.#texts.delete(header);
    this.#bytes -= text.length;
  }

  clear(): void {
    this.#expiry?.cancel();
    this.#expiry = undefined;
    this.#texts.clear();
    this.#bytes = 0;
  }
}
