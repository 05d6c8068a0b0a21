/** Answers queries from chunk headers if they suffice, else from the chunks. */
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
import { cursorError, cursorOf, markOf } from "./log_cursor.ts";
import { entryOfLine, scalarsOf } from "./log_line.ts";
import { type Beginning, Page } from "./log_page.ts";
import type { LogMark } from "./log_place.ts";
import { numbered } from "./log_clue.ts";
import { LogConditions, LogOrder, type LogQuery, type SeqLine, type Verdict } from "./log_query.ts";

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

/** The source of chunks. */
export interface ChunkSource {
  /** The texts of these chunks; those of one node in their order. A chunk that is gone is left out. */
  read(headers: readonly ChunkHeader[]): AsyncIterable<ChunkText>;
  /** The search texts of these chunks of one node, in any order. Not every chunk has one. */
  readSearchTexts(headers: readonly ChunkHeader[]): AsyncIterable<ChunkText>;
}

interface Candidate {
  header: ChunkHeader;
  verdict: Verdict;
  /** The number of its matches; 0 if it is unknown. */
  matches: number;
  /** Whether its matches may be the oldest or the newest. */
  isEdge: boolean;
}

/** One page, with exact counts over all matching entries. `ofNodes`: the headers of each node, the oldest first. */
export async function queryLog(
  source: ChunkSource,
  ofNodes: ReadonlyMap<string, readonly ChunkHeader[]>,
  total_count: number,
  query: LogQuery,
): Promise<LogPage> {
  const conditions = new LogConditions(query);
  const order = new LogOrder(query);
  const page = new Page(order, query.limit, await beginningOf(query.cursor, order, source, ofNodes));
  const counts = LEVELS.map(() => 0);
  const candidates: Candidate[] = [];
  for (const headers of ofNodes.values()) {
    candidates.push(...await candidatesOf(source, headers, conditions, counts));
  }
  const times = new TimeSpan();
  for (const { header, verdict, isEdge } of candidates) {
    if (isEdge && verdict === "all") times.note(header.first_time, header.last_time);
  }
  const unknown = new Set(
    candidates.filter(({ verdict }) => verdict === "unknown").map(({ header }) => header),
  );
  merge(candidates, order.direction, ofNodes.size);

  const needed = function* (): Generator<Needed> {
    let found = 0;
    for (const { header, verdict, matches, isEdge } of candidates) {
      const isOnPage = page.wants(header);
      if (!isOnPage && verdict !== "unknown" && !(isEdge && verdict === "counted")) continue;
      // The entries of several nodes mix, so they may also be in later chunks.
      if (isOnPage && ofNodes.size === 1 && page.hasAllOf(header)) found += matches;
      const isEnough = found > query.limit;
      if (isEnough) found = 0;
      yield { header, isEnough };
    }
  };
  for await (const { header, text } of readInRuns(source, needed())) {
    const isUnknown = unknown.has(header);
    const isWanted = page.wants(header);
    for (const one of matchesIn(header, text, conditions, isUnknown, order.direction)) {
      if (isUnknown) counts[LEVELS.indexOf(one.scalars.level)]!++;
      times.note(one.scalars.time, one.scalars.time);
      if (isWanted) page.offer(one);
    }
  }
  const ends = new Map([...ofNodes].map(([node, some]) => [node, endSeq(some.at(-1)!) - 1]));
  return answer(page, order, total_count, counts, times, ends);
}

/** Sorts chunks by how likely their entries are on the page. Those of one node are already in this order. */
function merge(candidates: Candidate[], direction: 1 | -1, nodes: number): void {
  if (direction === -1) candidates.reverse();
  if (nodes <= 1) return;
  const timeOf = ({ header }: Candidate) => direction === 1 ? header.first_time : header.last_time;
  candidates.sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0) * direction);
}

function answer(
  page: Page,
  order: LogOrder,
  total_count: number,
  counts: readonly number[],
  times: TimeSpan,
  ends: LogMark,
): LogPage {
  const { entries, hasMore } = page;
  const [debug_count, info_count, warn_count, error_count, fatal_count] = counts as [
    number,
    number,
    number,
    number,
    number,
  ];
  const last = entries.at(-1);
  const mark = order.isNatural ? page.markAfter(ends) : last && new Map([[last.node, last.seq]]);
  return {
    entries: entries.map(entryOf),
    total_count,
    filtered_count: sumOf(counts),
    has_more: hasMore,
    ...(hasMore && { next_cursor: cursorOf(order, mark!) }),
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

/** The matching entries of a chunk, in this direction. Throws `LOG_FILE_ERROR` if it cannot be read as a log. */
function* matchesIn(
  header: ChunkHeader,
  text: string,
  conditions: LogConditions,
  isUnknown: boolean,
  direction: 1 | -1,
): Generator<SeqLine> {
  const areFound = isUnknown || conditions.areSearched;
  const lines = areFound ? conditions.linesIn(text).toArray() : numbered(linesOf(header, text));
  if (areFound && (!isUnknown || lines.length > 0)) requireWhole(header, lineCountOf(text));
  if (direction === -1) lines.reverse();
  const { node, first_seq } = header;
  for (const { n, line } of lines) {
    // Written after the header was read.
    if (n >= header.count) continue;
    let one: SeqLine;
    try {
      one = { node, seq: first_seq + n, line, scalars: scalarsOf(line) };
      if (!conditions.matches(one)) continue;
    } catch (error) {
      throw unreadable(header, (error as Error).message);
    }
    yield one;
  }
}

/**
 * The chunks of one node that may contain matches. If a header or a search text shows the matches, they are counted from
 * it.
 */
async function candidatesOf(
  source: ChunkSource,
  headers: readonly ChunkHeader[],
  conditions: LogConditions,
  counts: number[],
): Promise<Candidate[]> {
  const judged = headers.map((header): Candidate => {
    const before = sumOf(counts);
    const verdict = conditions.count(header, counts);
    return { header, verdict, matches: sumOf(counts) - before, isEdge: false };
  });
  if (conditions.areSearched) {
    // The newest chunk may have grown since its header was read.
    const unknown = new Map(judged.slice(0, -1).map((one) => [one.header, one]));
    for (const [header, { verdict }] of unknown) if (verdict !== "unknown") unknown.delete(header);
    for await (const { header, text } of source.readSearchTexts([...unknown.keys()])) {
      const before = sumOf(counts);
      const verdict = conditions.countBySearch(header, text, counts);
      Object.assign(unknown.get(header)!, { verdict, matches: sumOf(counts) - before });
    }
  }
  const candidates = judged.filter(({ verdict }) => verdict !== "none");
  // Those that are unknown are read anyway. Each of the others has a match.
  const known = candidates.filter(({ verdict }) => verdict !== "unknown");
  for (const edge of [known.at(0), known.at(-1)]) if (edge) edge.isEdge = true;
  return candidates;
}

interface Needed {
  header: ChunkHeader;
  /** Whether the page is full with this chunk, unless a chunk is gone. */
  isEnough: boolean;
}

/** Takes headers only as they are needed, because the chunks read so far decide which others are. */
async function* readInRuns(source: ChunkSource, headers: Iterator<Needed>) {
  // Few at first, because most pages are full after one or two chunks. Then more at once.
  for (let size = 2;; size = Math.min(size * 2, 1024)) {
    const run: ChunkHeader[] = [];
    while (run.length < size) {
      const { done, value } = headers.next();
      if (done) break;
      run.push(value.header);
      if (value.isEnough) break;
    }
    if (run.length === 0) return;
    yield* source.read(run);
  }
}

/** The place where the cursor's page begins. */
async function beginningOf(
  cursor: string | undefined,
  order: LogOrder,
  source: ChunkSource,
  ofNodes: ReadonlyMap<string, readonly ChunkHeader[]>,
): Promise<Beginning> {
  if (cursor === undefined) return undefined;
  const mark = markOf(cursor, order);
  // In the log's own order the numbers alone give the place, even if their entries are gone.
  if (order.isNatural) return { mark };
  for (const [node, seq] of mark) {
    const header = ofNodes.get(node)?.find((one) => one.first_seq <= seq && seq < endSeq(one));
    for await (const { text } of source.read(header ? [header] : [])) {
      const line = linesOf(header!, text)[seq - header!.first_seq];
      if (line !== undefined) return { entry: { node, seq, line, scalars: scalarsOf(line) } };
    }
  }
  throw cursorError("INVALID_FIELD_VALUE", "The entry that this cursor names is no longer kept", cursor);
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function entryOf({ seq, line }: SeqLine): LogEntry {
  try {
    return entryOfLine(line);
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
