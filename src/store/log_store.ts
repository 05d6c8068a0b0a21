/**
 * The log. Entries are appended without waiting and committed in groups. Queries use the headers and the newest entries
 * in memory. Each node writes its own chunks, which are merged by time when they are read.
 */
import { Masker } from "../domain/masking.ts";
import type { Clock } from "../clock/clock.ts";
import { LogTail } from "../domain/log_chunk.ts";
import { stored } from "../domain/stored.ts";
import type { GroupCommit } from "./group_commit.ts";
import type { Key, KeyValue } from "./kv/kv.ts";
import type { LogPage } from "./log_answer.ts";
import { type Chunk, type ChunkHeader, decodeChunk, decodeHeader, endSeq, linesOf } from "./log_chunk.ts";
import { chunkKeys } from "./log_chunk_values.ts";
import { LogHeaders } from "./log_headers.ts";
import { chunkKey, headKey, HEADS, placeOf, tailKey } from "./log_keys.ts";
import { entryOfLine, type NewEntry } from "./log_line.ts";
import type { LogMark } from "./log_place.ts";
import type { LogQuery, SeqEntry } from "./log_query.ts";
import { queryLog } from "./log_reader.ts";
import { RecentTexts } from "./log_recent_texts.ts";
import { doomedChunks, type LogRetention } from "./log_retention.ts";
import type { ChunkSource } from "./log_source.ts";
import { StoredChunks } from "./log_stored_chunks.ts";
import { LogWriter } from "./log_writer.ts";
import { FIRST_NODE } from "./node_lease.ts";
import { decodeStored, encodeStored, readAll } from "./stored_values.ts";

const STORED_TAIL = stored("log.tail", LogTail);
/** The newest chunks are kept in memory as they are. */
const RECENT_CHUNKS = 8;

export class LogStore {
  readonly #kv: KeyValue;
  readonly #commits: GroupCommit;
  readonly #clock: Clock;
  /** This node. */
  readonly #node: string;
  readonly #writer: LogWriter;
  readonly #headers = new LogHeaders();
  readonly #texts: RecentTexts;
  readonly #source: ChunkSource;
  /** Chunks of this node by their number. */
  readonly #recent = new Map<number, string[]>();
  #pruning: Promise<number> | undefined;
  readonly #publish: (entries: SeqEntry[]) => unknown;

  /** `publish` is called with entries after their commit, in order. The next commit waits for its promise. */
  /** Of all that is appended. */
  masker = new Masker([]);

  constructor(
    kv: KeyValue,
    commits: GroupCommit,
    clock: Clock,
    publish: (entries: SeqEntry[]) => unknown,
    node = FIRST_NODE,
  ) {
    this.#publish = publish;
    this.#kv = kv;
    this.#commits = commits;
    this.#clock = clock;
    this.#node = node;
    this.#texts = new RecentTexts(clock);
    this.#source = new StoredChunks(kv, (header) => this.#recentLines(header), this.#texts);
    this.#writer = new LogWriter(commits, clock, node, (chunks, entries) => this.#committed(chunks, entries));
  }

  /** Reads the headers into memory, but not the chunks. */
  async load(): Promise<void> {
    const heads = await Array.fromAsync(this.#kv.list({ prefix: HEADS }));
    await readAll(heads.map(({ key, value }) => () => this.#headers.put(decodeHeader(placeOf(key), value))));
    const last = this.#headers.of(this.#node).at(-1);
    const left = last ? undefined : await this.#kv.get(tailKey(this.#node));
    if (last) {
      this.#writer.continueAt({
        next_chunk: last.chunk + 1,
        next_seq: endSeq(last),
        last_time: last.last_time,
      });
    } else if (left) this.#writer.continueAt(decodeStored(STORED_TAIL, "log's tail", left.value));
  }

  /** The number of this node's newest committed entry. Numbers start at 1. */
  get last_seq(): number {
    return this.#writer.tail.next_seq - 1;
  }

  /** The current end of the log. Later entries have not been published yet. */
  mark(): LogMark {
    return new Map([...this.#headers.mark(), [this.#node, this.last_seq]]);
  }

  get size(): number {
    return this.#headers.entries;
  }

  /** The size of all that the log keeps in the store. */
  get bytes(): number {
    return this.#headers.bytes;
  }

  /** Returns a promise to wait for if too many entries await their commit. */
  append(entry: NewEntry): void | Promise<void> {
    const { message, details, stack_trace } = entry;
    return this.#writer.append({
      ...entry,
      message: this.masker.text(message),
      details: details && this.masker.deep(details),
      stack_trace: stack_trace && this.masker.text(stack_trace),
    });
  }

  /** Resolves when all that was appended is committed. Rejects when the store fails. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /**
   * Resolves when all that was appended is handed to the store. A commit that the caller requests at once is carried out
   * with those entries, or after them. Rejects when the store fails.
   */
  handOver(): Promise<void> {
    return this.#writer.handOver();
  }

  /** As `LogWriter.close`. */
  close(): Promise<number> {
    this.#texts.clear();
    return this.#writer.close();
  }

  /** One page, with exact counts over all entries that match. Throws `ApiError` for an invalid cursor. */
  query(query: LogQuery): Promise<LogPage> {
    return queryLog(this.#source, this.#headers.byNode(), this.size, query);
  }

  #committed(chunks: Chunk[], entries: SeqEntry[]): unknown {
    for (const { header, lines } of chunks) {
      this.#headers.put(header);
      this.#recent.delete(header.chunk);
      this.#recent.set(header.chunk, lines);
    }
    while (this.#recent.size > RECENT_CHUNKS) this.#recent.delete(this.#recent.keys().next().value!);
    return this.#publish(entries);
  }

  #recentLines({ node, chunk }: ChunkHeader): readonly string[] | undefined {
    return node === this.#node ? this.#recent.get(chunk) : undefined;
  }

  // ---- other nodes

  /** Reads what another node has appended, forgets what it has dropped, and publishes the new entries. */
  async catchUp(node: string): Promise<void> {
    for await (const { key } of this.#kv.list({ ...this.#headsFrom(node, 0), limit: 1 })) {
      this.#drop(node, placeOf(key).chunk);
    }
    const last = this.#headers.of(node).at(-1);
    const next_seq = last ? endSeq(last) : 1;
    for await (const { key, value } of this.#kv.list(this.#headsFrom(node, last?.chunk ?? 0))) {
      const header = decodeHeader(placeOf(key), value);
      if (endSeq(header) <= next_seq) {
        // It has no new entry, but it may have ended.
        if (header.search_bytes !== last?.search_bytes) this.#headers.put(header);
        continue;
      }
      const chunk = await this.#kv.get(chunkKey(node, header.chunk));
      // The chunk was dropped meanwhile.
      if (!chunk) continue;
      const lines = linesOf(header, decodeChunk(header, chunk.value));
      const known = Math.max(0, next_seq - header.first_seq);
      this.#headers.put(header);
      await this.#publish(
        lines.slice(known, header.count).map((line, i) => ({
          node,
          seq: header.first_seq + known + i,
          entry: entryOfLine(line),
        })),
      );
    }
  }

  /** Forgets the chunks of the node that are older than this one. */
  #drop(node: string, before: number): void {
    for (const header of this.#headers.dropBefore(node, before)) this.#texts.forget(header);
  }

  #headsFrom(node: string, chunk: number): { prefix: Key; start: Key; end: Key } {
    const end = headKey(node, Number.MAX_SAFE_INTEGER);
    return { prefix: HEADS, start: headKey(node, chunk), end };
  }

  // ---- retention

  /** Drops whole chunks that are too old, or the oldest beyond `max_bytes`. Returns the number of dropped entries. */
  prune(retention: LogRetention): Promise<number> {
    return this.#pruning ??= this.#prune(retention).finally(() => this.#pruning = undefined);
  }

  async #prune(retention: LogRetention): Promise<number> {
    const now = this.#clock.now();
    let dropped = 0;
    for (;;) {
      const doomed = this.#doomed(retention, now);
      if (doomed.length === 0) return dropped;
      const deletes = doomed.flatMap(chunkKeys);
      // So that sequence numbers continue even if no chunk is left.
      const tail = { key: tailKey(this.#node), value: encodeStored(this.#writer.tail) };
      await this.#commits.commit({ sets: [tail], deletes });
      for (const { node, chunk } of doomed) {
        this.#drop(node, chunk + 1);
        if (node === this.#node) this.#recent.delete(chunk);
      }
      dropped += doomed.reduce((sum, { count }) => sum + count, 0);
    }
  }

  #doomed(retention: LogRetention, now: number): ChunkHeader[] {
    const doomed = doomedChunks(this.#headers, retention, this.#node, now);
    const newest = doomed.findIndex((header) => header === this.#headers.of(this.#node).at(-1));
    // Entries that are dropped while their chunk is being written would come back with the next write.
    return newest >= 0 && !this.#writer.endChunk() ? doomed.slice(0, newest) : doomed;
  }
}
