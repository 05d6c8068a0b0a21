/** The log: appended to without waiting, committed in groups, asked from headers and the newest entries in memory. */
import { type Clock, epochOf } from "../clock/clock.ts";
import type { GroupCommit } from "./group_commit.ts";
import { decode, encode } from "./json.ts";
import type { KeyValue } from "./kv/kv.ts";
import { type Chunk, type ChunkHeader, decodeChunk, decodeHeader, endSeq, textOf } from "./log_chunk.ts";
import { chunkKey, CHUNKS, headKey, HEADS, TAIL } from "./log_keys.ts";
import type { NewEntry } from "./log_line.ts";
import type { LogQuery, SeqEntry } from "./log_query.ts";
import { type ChunkText, type LogPage, queryLog } from "./log_reader.ts";
import { type LogTail, LogWriter } from "./log_writer.ts";

export type { LogPage } from "./log_reader.ts";
export type { NewEntry } from "./log_line.ts";

/** The newest chunks are kept in memory as they are. */
const RECENT_CHUNKS = 8;
/** Chunks fetched at once; other work has its turn between two fetches. */
const READ_BATCH = 40;
/** Fetches under way, so that the store reads on while what it gave is looked through. */
const READS_AHEAD = 2;
/** A single gap of so many chunks is cheaper to read over than to ask again. */
const GAP_MAX = 2;
/** Chunks dropped by one commit. */
const DROP_BATCH = 200;
const DAY_MS = 86_400_000;

export interface LogRetention {
  retention_days: number;
  max_bytes: number;
}

export class LogStore {
  readonly #kv: KeyValue;
  readonly #commits: GroupCommit;
  readonly #clock: Clock;
  readonly #writer: LogWriter;
  /** Of committed chunks, oldest first. */
  #headers: ChunkHeader[] = [];
  readonly #recent = new Map<number, string[]>();
  #total = 0;
  #bytes = 0;
  #pruning: Promise<number> | undefined;
  readonly #publish: (entries: SeqEntry[]) => unknown;

  /** `publish` is called with entries after their commit, in order; the next commit waits for what it returns. */
  constructor(kv: KeyValue, commits: GroupCommit, clock: Clock, publish: (entries: SeqEntry[]) => unknown) {
    this.#publish = publish;
    this.#kv = kv;
    this.#commits = commits;
    this.#clock = clock;
    this.#writer = new LogWriter(commits, clock, (chunks, entries) => this.#committed(chunks, entries));
  }

  /** Reads the headers; the chunks stay where they are. */
  async load(): Promise<void> {
    for await (const { value } of this.#kv.list({ prefix: HEADS })) {
      const header = decodeHeader(value);
      this.#headers.push(header);
      this.#total += header.count;
      this.#bytes += header.bytes;
    }
    const last = this.#headers.at(-1);
    const left = last ? undefined : await this.#kv.get(TAIL);
    if (last) {
      this.#writer.continueAt({
        next_chunk: last.chunk + 1,
        next_seq: endSeq(last),
        last_time: last.last_time,
      });
    } else if (left) this.#writer.continueAt(decode(left.value) as LogTail);
  }

  /** The sequence number of the newest committed entry; they count from 1. */
  get last_seq(): number {
    return this.#writer.tail.next_seq - 1;
  }

  get size(): number {
    return this.#total;
  }

  /** What the entries take in the store. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Answers a promise to wait for when too many entries await their commit. */
  append(entry: NewEntry): void | Promise<void> {
    return this.#writer.append(entry);
  }

  /** Resolves when all that was appended is committed. Rejects when the store fails. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Commits what waits, if the store takes it; nothing is appended any more. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  /** Reads what another node has appended. */
  catchUp(_node: string): Promise<void> {
    return Promise.resolve();
  }

  /** One page, with exact counts over all entries that match. Throws `ApiError` for a cursor that is none. */
  query(query: LogQuery): Promise<LogPage> {
    return queryLog({ read: (headers) => this.#read(headers) }, [...this.#headers], this.#total, query);
  }

  #committed(chunks: Chunk[], entries: SeqEntry[]): unknown {
    for (const { header, lines } of chunks) {
      const last = this.#headers.at(-1);
      if (last?.chunk === header.chunk) this.#bytes -= this.#headers.pop()!.bytes;
      this.#headers.push(header);
      this.#bytes += header.bytes;
      this.#recent.delete(header.chunk);
      this.#recent.set(header.chunk, lines);
    }
    while (this.#recent.size > RECENT_CHUNKS) this.#recent.delete(this.#recent.keys().next().value!);
    this.#total += entries.length;
    return this.#publish(entries);
  }

  /** The texts of these chunks: from memory, or from the store, neighbours together. */
  async *#read(headers: readonly ChunkHeader[]) {
    for (let at = 0; at < headers.length;) {
      const recent = this.#recent.get(headers[at]!.chunk);
      if (recent) {
        yield { header: headers[at]!, text: textOf(recent) };
        at++;
        continue;
      }
      let end = at + 1;
      while (end < headers.length && this.#isNeighbour(headers[end - 1]!, headers[end]!)) end++;
      yield* this.#readRange(headers.slice(at, end));
      at = end;
    }
  }

  #isNeighbour(one: ChunkHeader, next: ChunkHeader): boolean {
    return Math.abs(next.chunk - one.chunk) <= GAP_MAX && !this.#recent.has(next.chunk);
  }

  async *#readRange(headers: readonly ChunkHeader[]) {
    const ahead: Promise<ChunkText[]>[] = [];
    for (let at = 0; at < headers.length || ahead.length > 0;) {
      for (; at < headers.length && ahead.length < READS_AHEAD; at += READ_BATCH) {
        const batch = this.#readBatch(headers.slice(at, at + READ_BATCH));
        // Whoever wants no more does not learn that it failed.
        batch.catch(() => {});
        ahead.push(batch);
      }
      yield* await ahead.shift()!;
    }
  }

  async #readBatch(headers: readonly ChunkHeader[]): Promise<ChunkText[]> {
    const first = headers[0]!.chunk;
    const last = headers.at(-1)!.chunk;
    const wanted = new Map(headers.map((header) => [header.chunk, header]));
    const range = {
      prefix: CHUNKS,
      start: chunkKey(Math.min(first, last)),
      end: chunkKey(Math.max(first, last) + 1),
      reverse: last < first,
      // One more than there are: who gets fewer than asked for does not ask again.
      batch: Math.abs(last - first) + 2,
    };
    const found: ChunkText[] = [];
    for await (const { key, value } of this.#kv.list(range)) {
      const header = wanted.get(key[2] as number);
      if (header) found.push({ header, text: decodeChunk(header, value) });
    }
    return found;
  }

  // ---- retention

  /** Drops whole chunks that are too old, or the oldest beyond `max_bytes`. The number of entries dropped. */
  prune(retention: LogRetention): Promise<number> {
    return this.#pruning ??= this.#prune(retention).finally(() => this.#pruning = undefined);
  }

  async #prune({ retention_days, max_bytes }: LogRetention): Promise<number> {
    const oldest_ms = this.#clock.now() - retention_days * DAY_MS;
    let dropped = 0;
    for (;;) {
      const doomed = this.#doomed(oldest_ms, max_bytes);
      if (doomed.length === 0) return dropped;
      const deletes = doomed.flatMap(({ chunk }) => [chunkKey(chunk), headKey(chunk)]);
      // So that sequence numbers go on even when nothing is left to count from.
      await this.#commits.commit({ sets: [{ key: TAIL, value: encode(this.#writer.tail) }], deletes });
      this.#headers.splice(0, doomed.length);
      for (const { chunk, count, bytes } of doomed) {
        this.#recent.delete(chunk);
        this.#total -= count;
        this.#bytes -= bytes;
        dropped += count;
      }
    }
  }

  /** The oldest chunks that are to go, as many as one commit drops. */
  #doomed(oldest_ms: number, max_bytes: number): ChunkHeader[] {
    let excess = this.#bytes - max_bytes;
    const doomed: ChunkHeader[] = [];
    for (const header of this.#headers) {
      if (doomed.length >= DROP_BATCH) break;
      if (excess <= 0 && epochOf(header.last_time) >= oldest_ms) break;
      // The newest is still written to; what it holds must not come back.
      if (header === this.#headers.at(-1) && !this.#writer.endChunk()) break;
      doomed.push(header);
      excess -= header.bytes;
    }
    return doomed;
  }
}
