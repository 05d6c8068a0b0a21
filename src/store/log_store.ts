/**
 * The log. Entries are appended without waiting and committed in groups. Queries use the headers and the newest entries
 * in memory. Each node writes its own chunks, which are merged by time when they are read.
 */
import { type Clock, epochOf } from "../clock/clock.ts";
import { LogTail } from "../domain/log_chunk.ts";
import { stored } from "../domain/stored.ts";
import type { GroupCommit } from "./group_commit.ts";
import type { Key, KeyValue } from "./kv/kv.ts";
import { type Chunk, type ChunkHeader, decodeChunk, decodeHeader, endSeq, linesOf } from "./log_chunk.ts";
import { LogHeaders } from "./log_headers.ts";
import { chunkKeys } from "./log_chunk_values.ts";
import { chunkKey, headKey, HEADS, placeOf, tailKey } from "./log_keys.ts";
import { entryOfLine, type NewEntry } from "./log_line.ts";
import type { LogMark } from "./log_place.ts";
import type { LogQuery, SeqEntry } from "./log_query.ts";
import { type ChunkSource, type LogPage, queryLog } from "./log_reader.ts";
import { RecentTexts } from "./log_recent_texts.ts";
import { StoredChunks } from "./log_stored_chunks.ts";
import { LogWriter } from "./log_writer.ts";
import { FIRST_NODE } from "./node_lease.ts";
import { decodeStored, encodeStored, readAll } from "./stored_values.ts";

/** The newest chunks are kept in memory as they are. */
const STORED_TAIL = stored("log.tail", LogTail);
const RECENT_CHUNKS = 8;
/** How many chunks one commit drops. */
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
    return this.#writer.append(entry);
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

  /** Accepts no more entries, and commits those that wait if the store accepts them. */
  close(): Promise<void> {
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
        this.#headers.put(header);
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

  async #prune({ retention_days, max_bytes }: LogRetention): Promise<number> {
    const oldest_ms = this.#clock.now() - retention_days * DAY_MS;
    let dropped = 0;
    for (;;) {
      const doomed = this.#doomed(oldest_ms, max_bytes);
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

  /** The oldest chunks to drop, as many as one commit may drop. */
  #doomed(oldest_ms: number, max_bytes: number): ChunkHeader[] {
    let excess = this.bytes - max_bytes;
    const doomed: ChunkHeader[] = [];
    for (const header of inOrderOfTime(this.#headers.all())) {
      if (doomed.length >= DROP_BATCH) break;
      if (excess <= 0 && epochOf(header.last_time) >= oldest_ms) break;
      if (header === this.#headers.of(header.node).at(-1)) {
        // The newest chunk of another node stays, so that its numbers continue.
        if (header.node !== this.#node) continue;
        // The newest chunk is still being written. Dropped entries must not come back with the next write.
        if (!this.#writer.endChunk()) break;
      }
      doomed.push(header);
      excess -= header.stored_bytes;
    }
    return doomed;
  }
}

function inOrderOfTime(headers: ChunkHeader[]): ChunkHeader[] {
  if (headers.every(({ node }) => node === headers[0]!.node)) return headers;
  return headers.sort((a, b) =>
    a.last_time < b.last_time ? -1 : a.last_time > b.last_time ? 1 : a.chunk - b.chunk
  );
}
