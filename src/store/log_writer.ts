/** Takes log entries without waiting and commits them in chunks, soon and in order. */
import type { LogTail } from "../domain/log_chunk.ts";
import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime, type Timer } from "../clock/clock.ts";
import type { GroupCommit } from "./group_commit.ts";
import { addLine, type Chunk, copyOf, emptyChunk, endSeq, hasRoom } from "./log_chunk.ts";
import { chunkValues, searchTextValue } from "./log_chunk_values.ts";
import { lineOf, type LogLine, type NewEntry } from "./log_line.ts";
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
/** How many chunks one commit writes. They fit even with headers and search texts of the largest size. */
const CHUNKS_PER_COMMIT = 4;

interface FlushWaiter {
  /** How many entries must be committed first. */
  entries: number;
  resolve(): void;
  reject(error: unknown): void;
}

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
  #committedCount = 0;
  #lastWrite = -Infinity;
  #running: Promise<void> | undefined;
  #failing = false;
  #closed = false;
  #flushes: FlushWaiter[] = [];
  /** How many entries are committed or in a commit under way. */
  #handedCount = 0;
  /** Those who wait until their entries are handed to the store. */
  #handovers: FlushWaiter[] = [];
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
    if (this.#committedCount === this.#appendedCount) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#flushes.push({ entries: this.#appendedCount, resolve, reject });
    this.#running ??= this.#run();
    this.#hurry?.();
    return promise;
  }

  /**
   * Resolves when all that was appended is handed to the store. A commit that the caller requests at once is carried out
   * with those entries, or after them. Rejects when the store fails.
   */
  handOver(): Promise<void> {
    if (this.#handedCount === this.#appendedCount) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#handovers.push({ entries: this.#appendedCount, resolve, reject });
    this.#running ??= this.#run();
    this.#hurry?.();
    return promise;
  }

  /** Accepts no more entries, and commits those that wait if the store accepts them. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#hurry?.();
    await this.#running;
    if (this.#pending.length > 0) {
      log.error("{count} log entries are lost: the store did not take them", { count: this.#pending.length });
    }
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
        this.#handedCount = this.#committedCount;
        this.#failing = true;
        for (const waiter of [...this.#handovers.splice(0), ...this.#flushes.splice(0)]) waiter.reject(error);
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
    const isUrgent = this.#closed || this.#flushes.length > 0 || this.#handovers.length > 0 ||
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
    const { chunks, ended, count } = this.#pack();
    const sets = [...chunks.flatMap(chunkValues), ...ended.map(searchTextValue)];
    // Before the commit is requested: whoever waits for this then requests its own commit in time for the same group.
    const handed = this.#handedCount = this.#committedCount + count;
    for (const waiter of this.#handovers.filter(({ entries }) => entries <= handed)) waiter.resolve();
    this.#handovers = this.#handovers.filter(({ entries }) => entries > handed);
    await this.#commits.commit({ sets });
    const written = this.#pending.splice(0, count);
    const first_seq = this.#tail.next_seq;
    const last = chunks.at(-1)!;
    this.#open = last;
    this.#tail = { ...this.#tail, next_chunk: last.header.chunk + 1, next_seq: endSeq(last.header) };
    this.#pendingBytes -= written.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#committedCount += count;
    const told = this.#committed(
      chunks,
      written.map(({ entry }, i) => ({ node: this.#node, seq: first_seq + i, entry })),
    );
    const done = this.#flushes.filter(({ entries }) => entries <= this.#committedCount);
    this.#flushes = this.#flushes.filter(({ entries }) => entries > this.#committedCount);
    for (const waiter of done) waiter.resolve();
    this.#tellOfDropped();
    await told;
  }

  /**
   * Packs the oldest waiting entries into the open chunk and as many new chunks as fit into one commit. `ended`: those
   * that get no more entries.
   */
  #pack(): { chunks: Chunk[]; ended: Chunk[]; count: number } {
    const all = this.#open ? [copyOf(this.#open)] : [];
    const { next_chunk, next_seq } = this.#tail;
    let count = 0;
    for (const line of this.#pending) {
      const last = all.at(-1);
      if (!last || !hasRoom(last, line)) {
        if (all.length >= CHUNKS_PER_COMMIT) break;
        const number = last ? last.header.chunk + 1 : next_chunk;
        all.push(emptyChunk(this.#node, number, next_seq + count));
      }
      addLine(all.at(-1)!, line);
      count++;
    }
    // The open chunk had no room even for the first entry.
    const isOpenFull = this.#open !== undefined && all[0]!.header.count === this.#open.header.count;
    return { chunks: isOpenFull ? all.slice(1) : all, ended: all.slice(0, -1), count };
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
