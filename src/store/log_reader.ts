/** Answers queries from chunk headers if they suffice, else from the chunks. */
import { answer, type LogPage, TimeSpan } from "./log_answer.ts";
import { type Candidate, candidatesOf, merge } from "./log_candidates.ts";
import {
  type ChunkHeader,
  endSeq,
  LEVELS,
  lineCountOf,
  linesOf,
  requireWhole,
  unreadable,
} from "./log_chunk.ts";
import { numbered } from "./log_clue.ts";
import { cursorError, markOf } from "./log_cursor.ts";
import { scalarsOf } from "./log_line.ts";
import { LogOrder } from "./log_order.ts";
import { type Beginning, Page } from "./log_page.ts";
import { LogConditions, type LogQuery, type SeqLine } from "./log_query.ts";
import type { ChunkSource } from "./log_source.ts";

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
  const times = new TimeSpan();
  const unknown = new Set<ChunkHeader>();
  const candidates: Candidate[] = [];
  for (const headers of ofNodes.values()) {
    for (const candidate of await candidatesOf(source, headers, conditions)) {
      const { header, judgment, isEdge } = candidate;
      candidates.push(candidate);
      for (let i = 0; i < LEVELS.length; i++) counts[i]! += judgment.counts[i]!;
      if (judgment.verdict === "unknown") unknown.add(header);
      if (isEdge && judgment.verdict === "all") times.note(header.first_time, header.last_time);
    }
  }
  merge(candidates, order.direction, ofNodes.size);

  const needed = function* (): Generator<Needed> {
    let found = 0;
    for (const { header, judgment: { verdict, matches }, isEdge } of candidates) {
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
