/** Answers queries from chunk headers where they can tell, and from the chunks themselves where not. */
import { ApiError } from "../domain/errors.ts";
import type { LogEntry } from "../domain/log_entry.ts";
import {
  type ChunkHeader,
  endSeq,
  LEVELS,
  lineCountOf,
  linesOf,
  requireWhole,
  unreadable,
} from "./log_chunk.ts";
import { scalarsOf } from "./log_line.ts";
import {
  cursorError,
  LogConditions,
  LogOrder,
  type LogQuery,
  numbered,
  type SeqLine,
  type Verdict,
} from "./log_query.ts";

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

/** A chunk's lines as one text. */
export interface ChunkText {
  header: ChunkHeader;
  text: string;
}

/** Where chunks are read from. */
export interface ChunkSource {
  /** The lines of these chunks as one text each, in their order. A chunk that is gone meanwhile is left out. */
  read(headers: readonly ChunkHeader[]): AsyncIterable<ChunkText>;
}

interface Candidate {
  header: ChunkHeader;
  verdict: Verdict;
  isEdge: boolean;
}

/** With bounds on time, the outermost chunk may hold no match, but then the next one does. */
const EDGE_CHUNKS = 2;

/** One page, with exact counts over all entries of `headers` (oldest first) that match. */
export async function queryLog(
  source: ChunkSource,
  headers: readonly ChunkHeader[],
  total_count: number,
  query: LogQuery,
): Promise<LogPage> {
  const conditions = new LogConditions(query);
  const order = new LogOrder(query);
  const after = query.cursor === undefined
    ? undefined
    : await positionOf(query.cursor, order, source, headers);
  const counts = LEVELS.map(() => 0);
  const candidates = candidatesOf(headers, conditions, counts);
  const times = new TimeSpan();
  for (const { header, verdict, isEdge } of candidates) {
    if (isEdge && verdict === "all") times.note(header.first_time, header.last_time);
  }
  const verdicts = new Map(candidates.map(({ header, verdict }) => [header.chunk, verdict]));
  const page = new Page(order, query.limit, after);
  if (order.direction === -1) candidates.reverse();

  const needed = function* () {
    for (const { header, verdict, isEdge } of candidates) {
      if (verdict === "unknown" || (isEdge && verdict === "counted") || page.wants(header)) yield header;
    }
  };
  for await (const { header, text } of readInRuns(source, needed())) {
    const isUnknown = verdicts.get(header.chunk) === "unknown";
    const isWanted = page.wants(header);
    for (const one of matchesIn(header, text, conditions, isUnknown, order.direction)) {
      if (isUnknown) counts[LEVELS.indexOf(one.scalars.level)]!++;
      times.note(one.scalars.time, one.scalars.time);
      if (isWanted) page.offer(one);
    }
  }
  return page.answer(total_count, counts, times);
}

/** The entries of a chunk that match, in this direction. Throws `LOG_FILE_ERROR` where it is no log. */
function* matchesIn(
  header: ChunkHeader,
  text: string,
  conditions: LogConditions,
  isUnknown: boolean,
  direction: 1 | -1,
): Generator<SeqLine> {
  const lines = isUnknown ? conditions.linesIn(text).toArray() : numbered(linesOf(header, text));
  if (isUnknown && lines.length > 0) requireWhole(header, lineCountOf(text));
  if (direction === -1) lines.reverse();
  for (const { n, line } of lines) {
    // Written since the header was looked at.
    if (n >= header.count) continue;
    let one: SeqLine;
    try {
      one = { seq: header.first_seq + n, line, scalars: scalarsOf(line) };
      if (!conditions.matches(one)) continue;
    } catch (error) {
      throw unreadable(header, (error as Error).message);
    }
    yield one;
  }
}

/** The chunks in which entries may match; those whose headers can tell are counted. */
function candidatesOf(
  headers: readonly ChunkHeader[],
  conditions: LogConditions,
  counts: number[],
): Candidate[] {
  const candidates: Candidate[] = [];
  for (const header of headers) {
    const verdict = conditions.count(header, counts);
    if (verdict !== "none") candidates.push({ header, verdict, isEdge: false });
  }
  for (let i = 0; i < EDGE_CHUNKS; i++) {
    for (const edge of [candidates[i], candidates[candidates.length - 1 - i]]) if (edge) edge.isEdge = true;
  }
  return candidates;
}

/** Headers are asked for only as far as they are needed now: what has been read decides what else is. */
async function* readInRuns(source: ChunkSource, headers: Iterator<ChunkHeader>) {
  // Few at first, since most pages are full after one or two; then more at once.
  for (let size = 2;; size = Math.min(size * 2, 1024)) {
    const run: ChunkHeader[] = [];
    while (run.length < size) {
      const { done, value } = headers.next();
      if (done) break;
      run.push(value);
    }
    if (run.length === 0) return;
    yield* source.read(run);
  }
}

/** The entry that a cursor names. */
async function positionOf(
  cursor: string,
  order: LogOrder,
  source: ChunkSource,
  headers: readonly ChunkHeader[],
): Promise<SeqLine> {
  const seq = order.seqOf(cursor);
  const nowhere = { time: "", level: "debug", message: "", agent: "", source: "" } as const;
  // In the order of the log the number alone says where to go on, even if its entry is gone.
  if (order.isNatural) return { seq, line: "", scalars: nowhere };
  const header = headers.find((one) => one.first_seq <= seq && seq < endSeq(one));
  for await (const { text } of source.read(header ? [header] : [])) {
    const line = linesOf(header!, text)[seq - header!.first_seq];
    if (line !== undefined) return { seq, line, scalars: scalarsOf(line) };
  }
  throw cursorError("INVALID_FIELD_VALUE", "The entry that this cursor names is no longer kept", cursor);
}

/** The entries of the page so far, in order, and one more if there is one. */
class Page {
  readonly #order: LogOrder;
  readonly #limit: number;
  readonly #after: SeqLine | undefined;
  readonly #found: SeqLine[] = [];

  constructor(order: LogOrder, limit: number, after: SeqLine | undefined) {
    this.#order = order;
    this.#limit = limit;
    this.#after = after;
  }

  /** Whether entries of this chunk may be on the page. */
  wants(header: ChunkHeader): boolean {
    if (!this.#order.isNatural) return true;
    if (this.#found.length > this.#limit) return false;
    if (!this.#after) return true;
    return this.#order.direction === 1
      ? endSeq(header) - 1 > this.#after.seq
      : header.first_seq < this.#after.seq;
  }

  offer(one: SeqLine): void {
    const found = this.#found;
    if (this.#after && this.#order.compare(one, this.#after) <= 0) return;
    const last = found.at(-1);
    const isFull = found.length > this.#limit;
    if (isFull && this.#order.compare(one, last!) >= 0) return;
    if (!last || this.#order.compare(one, last) >= 0) found.push(one);
    else found.splice(this.#placeOf(one), 0, one);
    if (found.length > this.#limit + 1) found.pop();
  }

  #placeOf(one: SeqLine): number {
    let low = 0;
    let high = this.#found.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order.compare(this.#found[middle]!, one) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  answer(total_count: number, counts: readonly number[], times: TimeSpan): LogPage {
    const page = this.#found.slice(0, this.#limit);
    const has_more = this.#found.length > this.#limit;
    const [debug_count, info_count, warn_count, error_count, fatal_count] = counts as [
      number,
      number,
      number,
      number,
      number,
    ];
    return {
      entries: page.map(entryOf),
      total_count,
      filtered_count: counts.reduce((sum, count) => sum + count, 0),
      has_more,
      ...(has_more && { next_cursor: this.#order.cursorAt(page.at(-1)!) }),
      summary: {
        debug_count,
        info_count,
        warn_count,
        error_count,
        fatal_count,
        ...(times.oldest !== undefined && { oldest_entry: times.oldest, newest_entry: times.newest }),
      },
    };
  }
}

function entryOf({ seq, line }: SeqLine): LogEntry {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new ApiError("LOG_FILE_ERROR", `Entry ${seq} of the log cannot be read`, {
      operation: "read",
      entry: seq,
      reason: (error as Error).message,
    });
  }
}

class TimeSpan {
  oldest: string | undefined;
  newest: string | undefined;

  note(from: string, to: string): void {
    if (this.oldest === undefined || from < this.oldest) this.oldest = from;
    if (this.newest === undefined || to > this.newest) this.newest = to;
  }
}
