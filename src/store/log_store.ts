/** The log: appended to without waiting, committed in groups, asked from headers and the newest entries in memory. */
import { getLogger } from "@logtape/logtape";
import { type Clock, epochOf, isoTime, sleep } from "../clock/clock.ts";
import type { LogEntry } from "../protocol/log.ts";
import type { GroupCommit } from "./group_commit.ts";
import { decode, encode } from "./json.ts";
import type { Commit, Key, KeyValue } from "./kv.ts";
import {
  byteLength,
  CHUNK_BYTES,
  type ChunkHeader,
  emptyHeader,
  LEVELS,
  lineOf,
  noteEntry,
  parseChunk,
} from "./log_chunk.ts";
import { LogConditions, LogOrder, type LogQuery, type SeqEntry } from "./log_query.ts";

const log = getLogger(["opencode-agents", "store"]);

/** Beyond so many entries that wait for their commit, whoever appends is asked to wait. */
const PENDING_SOFT = 5_000;
/** Beyond this, entries are dropped, and an entry says how many. */
const PENDING_MAX = 50_000;
/** Between two commits of the log while there is always something to write. */
const FLUSH_INTERVAL_MS = 50;
const RETRY_MS = 1000;
/** Chunks written by one commit. */
const CHUNKS_PER_COMMIT = 10;
/** The newest chunks are kept in memory as they are. */
const RECENT_CHUNKS = 8;
/** A query reads so many chunks at once. */
const READ_AHEAD = 8;
/** With bounds on time, the outermost chunk may hold no match, but then the next one does. */
const EDGE_CHUNKS = 2;

export type NewEntry = Pick<LogEntry, "level" | "message" | "agent" | "source"> & Partial<LogEntry>;

export interface LogPage {
  entries: LogEntry[];
  total_count: number;
  filtered_count: number;
  has_more: boolean;
  next_cursor?: string;
  summary: Record<`${typeof LEVELS[number]}_count`, number> & {
    oldest_entry?: string;
    newest_entry?: string;
  };
}

interface Chunk {
  header: ChunkHeader;
  text: string;
  entries: LogEntry[];
}

export interface LogRetention {
  retention_days: number;
  max_bytes: number;
}

export class LogStore {
  readonly #kv: KeyValue;
  readonly #commits: GroupCommit;
  readonly #clock: Clock;
  /** Of committed chunks, oldest first. */
  readonly #headers: ChunkHeader[] = [];
  readonly #recent = new Map<number, LogEntry[]>();
  #pending: LogEntry[] = [];
  #dropped = 0;
  #open: Chunk | undefined;
  #nextChunk = 0;
  #nextSeq = 1;
  #total = 0;
  #lastTime = "";
  #flushing: Promise<void> | undefined;
  #closed = false;
  /** Called with entries after their commit, in order. */
  onAppended: (entries: SeqEntry[]) => void = () => {};

  constructor(kv: KeyValue, commits: GroupCommit, clock: Clock) {
    this.#kv = kv;
    this.#commits = commits;
    this.#clock = clock;
  }

  /** Reads the headers; the chunks stay where they are. */
  async load(): Promise<void> {
    for await (const { value } of this.#kv.list({ prefix: ["log", "head"] })) {
      const header = decode(value) as ChunkHeader;
      this.#headers.push(header);
      this.#total += header.count;
    }
    const last = this.#headers.at(-1);
    if (!last) return;
    this.#nextChunk = last.chunk + 1;
    this.#nextSeq = last.first_seq + last.count;
    this.#lastTime = last.last_time;
  }

  /** The sequence number of the newest committed entry. */
  get last_seq(): number {
    return this.#nextSeq - 1;
  }

  get bytes(): number {
    return this.#headers.reduce((sum, header) => sum + header.bytes, 0);
  }

  /** Answers a promise to wait for when too many entries await their commit. */
  append(entry: NewEntry): void | Promise<void> {
    if (this.#closed) return;
    if (this.#pending.length >= PENDING_MAX) {
      this.#dropped++;
      return this.#flushing;
    }
    // The clock may be set back; the log's own order never is.
    const now = isoTime(this.#clock.now());
    if (now > this.#lastTime) this.#lastTime = now;
    this.#pending.push({
      ...entry,
      time: this.#lastTime,
      details: entry.details ?? {},
      context: entry.context ?? {},
    });
    this.#flushing ??= this.#flushAll();
    if (this.#pending.length > PENDING_SOFT) return this.#flushing;
  }

  /** Resolves when all that was appended is committed. Rejects when the store fails. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    this.#flushing ??= this.#flushAll();
    await this.#flushing;
    if (this.#pending.length > 0 && this.#failure !== undefined) throw this.#failure;
    if (this.#pending.length > 0) await this.flush();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
  }

  // ---- writing

  #failure: unknown;

  async #flushAll(): Promise<void> {
    // A tick later, so that what is appended in the same turn goes together.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const started = this.#clock.monotonic();
      try {
        await this.#flushSome();
        this.#failure = undefined;
      } catch (error) {
        if (this.#failure === undefined) log.error("The log cannot be written: {error}", { error });
        this.#failure = error;
        if (!this.#closed) await sleep(this.#clock, RETRY_MS);
        // What waits stays, within its bound, and is tried again with the next entry or the next flush.
        break;
      }
      const rest_ms = FLUSH_INTERVAL_MS - (this.#clock.monotonic() - started);
      if (this.#pending.length > 0 && this.#pending.length < PENDING_SOFT / 5 && rest_ms > 0) {
        await sleep(this.#clock, rest_ms);
      }
    }
    // In the same turn as the last look, so that no entry can arrive in between and be left waiting.
    this.#flushing = undefined;
  }

  async #flushSome(): Promise<void> {
    const chunks: Chunk[] = [];
    const written: SeqEntry[] = [];
    let seq = this.#nextSeq;
    let chunk = this.#open
      ? { ...this.#open, header: structuredClone(this.#open.header), entries: [...this.#open.entries] }
      : undefined;
    let taken = 0;
    for (; taken < this.#pending.length; taken++) {
      const entry = this.#pending[taken]!;
      const line = lineOf(entry);
      const bytes = byteLength(line);
      if (!chunk || chunk.header.bytes + bytes > CHUNK_BYTES) {
        if (chunks.length >= CHUNKS_PER_COMMIT) break;
        chunk = {
          header: emptyHeader(chunk ? chunk.header.chunk + 1 : this.#nextChunk, seq),
          text: "",
          entries: [],
        };
        chunks.push(chunk);
      } else if (chunks.length === 0) chunks.push(chunk);
      noteEntry(chunk.header, entry, bytes);
      chunk.text += line;
      chunk.entries.push(entry);
      written.push({ seq: seq++, entry });
    }
    const commit: Required<Commit> = { checks: [], sets: [], deletes: [] };
    const encoder = new TextEncoder();
    for (const { header, text } of chunks) {
      commit.sets.push({ key: chunkKey(header.chunk), value: encoder.encode(text) });
      commit.sets.push({ key: headKey(header.chunk), value: encode(header) });
    }
    await this.#commits.commit(commit);
    this.#pending.splice(0, taken);
    this.#committed(chunks, written, seq);
  }

  #committed(chunks: Chunk[], written: SeqEntry[], nextSeq: number): void {
    for (const { header, entries } of chunks) {
      if (this.#headers.at(-1)?.chunk === header.chunk) this.#headers.pop();
      this.#headers.push(header);
      this.#recent.set(header.chunk, entries);
      this.#nextChunk = header.chunk + 1;
    }
    this.#open = chunks.at(-1);
    while (this.#recent.size > RECENT_CHUNKS) this.#recent.delete(this.#recent.keys().next().value!);
    this.#nextSeq = nextSeq;
    this.#total += written.length;
    this.onAppended(written);
    if (this.#dropped > 0) {
      const dropped = this.#dropped;
      this.#dropped = 0;
      void this.append({
        level: "warn",
        message: `${dropped} log entries were dropped: the store was too slow`,
        agent: "server",
        source: "log_store",
        details: { dropped },
      });
    }
  }

  // ---- reading

  /** One page, with exact counts over all entries that match. */
  async query(query: LogQuery): Promise<LogPage> {
    const conditions = new LogConditions(query);
    const order = new LogOrder(query);
    const position = query.cursor === undefined ? undefined : order.positionOf(query.cursor);
    const counts = LEVELS.map(() => 0);
    let oldest: string | undefined;
    let newest: string | undefined;
    const found: SeqEntry[] = [];
    const wanted = query.limit + 1;
    const headers = order.direction === 1 ? [...this.#headers] : [...this.#headers].reverse();
    // Chunks whose header leaves nothing to ask are not read once the page is full.
    const readers: { header: ChunkHeader; known: number[] | undefined }[] = [];
    for (const header of headers) {
      const known = conditions.countsOf(header);
      if (!known?.every((count) => count === 0)) readers.push({ header, known });
    }
    for (const [i, reader] of readers.entries()) {
      const { header, known } = reader;
      // The first and last entries that match are only known from the chunks at either end.
      if (i < EDGE_CHUNKS || i >= readers.length - EDGE_CHUNKS) reader.known = undefined;
      else known?.forEach((count, level) => counts[level]! += count);
      if (!reader.known) continue;
      oldest = oldest === undefined || header.first_time < oldest ? header.first_time : oldest;
      newest = newest === undefined || header.last_time > newest ? header.last_time : newest;
    }
    for (let at = 0; at < readers.length; at += READ_AHEAD) {
      const needed = readers.slice(at, at + READ_AHEAD).filter(({ header, known }) =>
        known === undefined ||
        !(order.isNatural && (found.length >= wanted || isBefore(header, position, order)))
      );
      const texts = await Promise.all(needed.map(({ header }) => this.#entriesOf(header)));
      for (const [i, { header, known }] of needed.entries()) {
        const matching = texts[i]!.map((entry, n) => ({ seq: header.first_seq + n, entry })).filter((one) =>
          conditions.matches(one)
        );
        if (order.direction === -1) matching.reverse();
        for (const one of matching) {
          if (known === undefined) {
            counts[LEVELS.indexOf(one.entry.level)]!++;
            oldest = oldest === undefined || one.entry.time < oldest ? one.entry.time : oldest;
            newest = newest === undefined || one.entry.time > newest ? one.entry.time : newest;
          }
          if (position && !order.isAfter(one, position)) continue;
          if (order.isNatural) {
            if (found.length < wanted) found.push(one);
          } else insert(found, one, order, wanted);
        }
      }
    }
    const page = found.slice(0, query.limit);
    const has_more = found.length > query.limit;
    return {
      entries: page.map(({ entry }) => entry),
      total_count: this.#total,
      filtered_count: counts.reduce((sum, count) => sum + count, 0),
      has_more,
      next_cursor: has_more ? order.cursorAt(page.at(-1)!) : undefined,
      summary: {
        ...Object.fromEntries(LEVELS.map((level, i) => [`${level}_count`, counts[i]])) as Record<
          `${typeof LEVELS[number]}_count`,
          number
        >,
        oldest_entry: oldest,
        newest_entry: newest,
      },
    };
  }

  async #entriesOf(header: ChunkHeader): Promise<LogEntry[]> {
    const recent = this.#recent.get(header.chunk);
    if (recent) return recent.slice(0, header.count);
    const stored = await this.#kv.get(chunkKey(header.chunk));
    // Dropped by the retention since the query began.
    if (!stored) return [];
    return parseChunk(new TextDecoder().decode(stored.value)).slice(0, header.count);
  }

  // ---- retention

  /** Drops whole chunks that are too old, or the oldest beyond `max_bytes`. The number of entries dropped. */
  async prune({ retention_days, max_bytes }: LogRetention): Promise<number> {
    const oldest_ms = this.#clock.now() - retention_days * 86_400_000;
    let excess = this.bytes - max_bytes;
    let dropped = 0;
    for (;;) {
      const header = this.#headers[0];
      if (!header || header.chunk === this.#open?.header.chunk) return dropped;
      if (excess <= 0 && epochOf(header.last_time) >= oldest_ms) return dropped;
      await this.#commits.commit({ deletes: [chunkKey(header.chunk), headKey(header.chunk)] });
      this.#headers.shift();
      this.#recent.delete(header.chunk);
      this.#total -= header.count;
      excess -= header.bytes;
      dropped += header.count;
    }
  }
}

function chunkKey(chunk: number): Key {
  return ["log", "chunk", chunk];
}

function headKey(chunk: number): Key {
  return ["log", "head", chunk];
}

/** Whether the page begins behind this chunk, so that it need not be read. */
function isBefore(header: ChunkHeader, position: { seq: number } | undefined, order: LogOrder): boolean {
  if (!position) return false;
  return order.direction === 1
    ? header.first_seq + header.count - 1 <= position.seq
    : header.first_seq >= position.seq;
}

function insert(found: SeqEntry[], one: SeqEntry, order: LogOrder, wanted: number): void {
  if (found.length === wanted && order.compare(one, found.at(-1)!) >= 0) return;
  let low = 0;
  let high = found.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order.compare(found[middle]!, one) <= 0) low = middle + 1;
    else high = middle;
  }
  found.splice(low, 0, one);
  if (found.length > wanted) found.pop();
}
