/** The search texts that were read lately. Searches come in bursts: while someone types, and page after page. */
import type { Clock, Timer } from "../clock/clock.ts";
import type { ChunkHeader } from "./log_chunk.ts";
import type { SearchText } from "./log_search_text.ts";
import type { ChunkSearchText } from "./log_source.ts";

/** What one and a half million short entries take. Beyond it, texts are read from the store each time. */
const BYTES_MAX = 64 << 20;
const KEPT_MS = 60_000;
/** What is searched in a few milliseconds. */
const TURN_BYTES = 8 << 20;

export class RecentTexts {
  readonly #clock: Clock;
  /** A chunk that no longer grows keeps its header. */
  readonly #texts = new Map<ChunkHeader, SearchText>();
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

  /** Those of these chunks that are here, in portions. Other work gets a turn between two. */
  async *of(headers: readonly ChunkHeader[]): AsyncGenerator<ChunkSearchText[]> {
    let portion: ChunkSearchText[] = [];
    let size = 0;
    for (const header of headers) {
      const search = this.#texts.get(header);
      if (!search) continue;
      portion.push({ header, search });
      size += search.bytes;
      if (size < TURN_BYTES) continue;
      yield portion;
      portion = [];
      size = 0;
      await new Promise<void>((resolve) => this.#clock.after(0, resolve));
    }
    if (portion.length > 0) yield portion;
  }

  has(header: ChunkHeader): boolean {
    return this.#texts.has(header);
  }

  put({ header, search }: ChunkSearchText): void {
    // A search that was under way may end after `clear`.
    if (!this.#expiry || this.#texts.has(header) || this.#bytes + search.bytes > BYTES_MAX) return;
    this.#texts.set(header, search);
    this.#bytes += search.bytes;
  }

  forget(header: ChunkHeader): void {
    this.#bytes -= this.#texts.get(header)?.bytes ?? 0;
    this.#texts.delete(header);
  }

  clear(): void {
    this.#expiry?.cancel();
    this.#expiry = undefined;
    this.#texts.clear();
    this.#bytes = 0;
  }
}
