/** Takes log entries without waiting and commits them in chunks, soon and in order. */
import type { LogTail } from "../domain/log_chunk.ts";
import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime, type Timer } from "../clock/clock.ts";
import type { GroupCommit } from "./group_commit.ts";
import type { Chunk } from "./log_chunk.ts";
import { encodeChunk } from "./log_chunk_values.ts";
import { lineOf, type LogLine, type NewEntry } from "./log_line.ts";
import { packed } from "./log_pack.ts";
import { LogProgress } from "./log_progress.ts";
import type { SeqEntry } from "./log_query.ts";

const log = getLogger(["opencode-agents", "store"]);

/** Beyond this many entries that await their commit, `append` asks its caller to wait. */
const PENDING_SOFT = 5_000;
/** Beyond one of these bounds, entries are dropped, and an entry says how many. */
const PENDING_MAX = 50_000;
const PENDING_BYTES_MAX = 64 << 20;
/** The pause between two commits, so that the open chunk is not written again for every line. */
const INTERVAL_MS = 50;
/** With this many entries, the commit does not wait for the interval. */
const PENDING_MANY = 1_000;
const RETRY_MS = 1_000;

export class LogWriter {
  readonly #commits: GroupCommit;
  readonly #clock: Clock;
  readonly #node: string;
  readonly #committed: (chunks: Chunk[], entries: SeqEntry[]) => unknown;
  #tail: LogTail = { next_chunk: 1, next_seq: 1, last_time: "" };
  #open: Chunk | undefined;
  #pending: LogLine[] = [];
  #pendingBytes = 0;
  #dropped = 0;
  #appendedCount = 0;
  #lastWrite = -Infinity;
  #running: Promise<void> | undefined;
  #failing = false;
  #closed = false;
  /** Entries that are committed or in a commit under way. */
  readonly #handed = new LogProgress();
  readonly #stored = new LogProgress();
  /** Settles when there is room again or a commit has failed. */
  #room: PromiseWithResolvers<void> | undefined;
  #hurry: (() => void) | undefined;

  /**
   * `committed` is called after each commit with the written chunks and their new entries. If it returns a promise, the
   * next commit waits for it.
   */
  constructor(
    commits: GroupCommit,
    clock: Clock,
    node: string,
    committed: (chunks: Chunk[], entries: SeqEntry[]) => unknown,
  ) {
    this.#commits = commits;
    this.#clock = clock;
    this.#node = node;
    this.#committed = committed;
  }

  /** Continues where an earlier server ended. To be called before anything is appended. */
  continueAt(tail: LogTail): void {
    this.#tail = { ...tail };
  }

  /** The numbers of the next entry and chunk. */
  get tail(): Readonly<LogTail> {
    return this.#tail;
  }

  /** Returns a promise to wait for if too many entries await their commit. */
  append(entry: NewEntry): void | Promise<void> {
    if (this.#closed) return;
    if (this.#pending.length >= PENDING_MAX || this.#pendingBytes >= PENDING_BYTES_MAX) this.#dropped++;
    else this.#push(entry);
    this.#running ??= this.#run();
    if (this.#pending.length >= PENDING_MANY) this.#hurry?.();
    if (this.#pending.length <= PENDING_SOFT) return;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  #push(entry: NewEntry): void {
    // The clock may be set back, but times in the log never go back.
    const now = isoTime(this.#clock.now());
    if (now > this.#tail.last_time) this.#tail.last_time = now;
    const line = lineOf(entry, this.#tail.last_time);
    this.#pending.push(line);
    this.#pendingBytes += line.bytes;
    this.#appendedCount++;
  }

  /** Resolves when all that was appended is committed. Rejects when the store fails. */
  flush(): Promise<void> {
    return this.#bringTo(this.#stored);
  }

  /**
   * Resolves when all that was appended is handed to the store. A commit that the caller requests at once is carried out
   * with those entries, or after them. Rejects when the store fails.
   */
  handOver(): Promise<void> {
    return this.#bringTo(this.#handed);
  }

  #bringTo(stage: LogProgress): Promise<void> {
    if (stage.entries === this.#appendedCount) return Promise.resolve();
    const reached = stage.reached(this.#appendedCount);
    this.#running ??= this.#run();
    this.#hurry?.();
    return reached;
  }

  /**
   * Accepts no more entries, and commits those that wait if the store accepts them. Returns how many it did not.
   */
  async close(): Promise<number> {
    this.#closed = true;
    this.#hurry?.();
    await this.#running;
    return this.#pending.length;
  }

  /** Makes the next entry begin a new chunk. Returns false if the open chunk is being written. */
  endChunk(): boolean {
    if (this.#running) return false;
    this.#open = undefined;
    return true;
  }

  async #run(): Promise<void> {
    // A microtask later, so that entries appended in the same turn go together.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      await this.#pause(this.#lastWrite + (this.#failing ? RETRY_MS : INTERVAL_MS) - this.#clock.monotonic());
      try {
        await this.#write();
        this.#failing = false;
      } catch (error) {
        if (!this.#failing) log.error("The log cannot be written: {error}", { error });
        this.#failing = true;
        for (const stage of [this.#handed, this.#stored]) stage.fail(error, this.#stored.entries);
        // The entries stay, within their bound, and are tried again.
        if (this.#closed) break;
      } finally {
        this.#lastWrite = this.#clock.monotonic();
        if (this.#failing || this.#pending.length <= PENDING_SOFT / 2) {
          this.#room?.resolve();
          this.#room = undefined;
        }
      }
    }
    // In the same turn as the last check, so that no entry can arrive in between and be left waiting.
    this.#running = undefined;
  }

  /** Waits for `ms`, or until a commit becomes urgent. */
  async #pause(ms: number): Promise<void> {
    const isUrgent = this.#closed || this.#stored.isAwaited || this.#handed.isAwaited ||
      (this.#pending.length >= PENDING_MANY && !this.#failing);
    if (ms <= 0 || isUrgent) return;
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      this.#hurry = resolve;
      timer = this.#clock.after(ms, resolve);
    });
    timer?.cancel();
    this.#hurry = undefined;
  }

  async #write(): Promise<void> {
    const { next_chunk, next_seq } = this.#tail;
    const { chunks, count } = packed(this.#pending, {
      node: this.#node,
      open: this.#open,
      next_chunk,
      next_seq,
    });
    const encoded = chunks.map(encodeChunk);
    // Before the commit is requested: whoever waits for this then requests its own commit in time for the same group.
    this.#handed.moveTo(this.#stored.entries + count);
    await this.#commits.commit({ sets: encoded.flatMap(({ values }) => values) });
    const stored = chunks.map((chunk, i) => ({ ...chunk, header: encoded[i]!.header }));
    const last = stored.at(-1)!;
    this.#open = last.search_text ? undefined : last;
    this.#tail = { ...this.#tail, next_chunk: last.header.chunk + 1, next_seq: next_seq + count };
    const written = this.#pending.splice(0, count);
    this.#pendingBytes -= written.reduce((sum, { bytes }) => sum + bytes, 0);
    const told = this.#committed(
      stored,
      written.map(({ entry }, i) => ({ node: this.#node, seq: next_seq + i, entry })),
    );
    this.#stored.moveTo(this.#stored.entries + count);
    this.#tellOfDropped();
    await told;
  }

  #tellOfDropped(): void {
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#push({
      level: "warn",
      message: `${dropped} log entries were dropped: the store was too slow`,
      agent: "server",
      source: "log_store",
      details: { dropped },
    });
  }
}
