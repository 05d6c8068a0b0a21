/** The conditions and order of a log query, applied to headers and lines. Pure. */
import { isoTime } from "../clock/clock.ts";
import type { LogEntry, LogLevel } from "../domain/log_entry.ts";
import type { LOG_SORT_FIELDS } from "../protocol/log_messages.ts";
import { isAfter, type LogMark, type LogPlace } from "./log_place.ts";
import { type ChunkHeader, endSeq, LEVELS } from "./log_chunk.ts";
import { Clue, numbered, type NumberedLine } from "./log_clue.ts";
import { entryOfLine, folded, type LineScalars } from "./log_line.ts";
import { MessageSearch } from "./log_search_text.ts";

export interface LogQuery {
  levels?: readonly LogLevel[];
  agents?: readonly string[];
  /** Bounds in epoch milliseconds, both included. */
  start_ms?: number;
  end_ms?: number;
  /** A second lower bound: a client may send `since` and `time_range.start` together, and an entry must meet both. */
  since_ms?: number;
  message_contains?: string;
  details_contains?: string;
  source_file?: string;
  order: "asc" | "desc";
  sort_field?: typeof LOG_SORT_FIELDS[number];
  limit: number;
  cursor?: string;
  /** Entries after this mark are left out. */
  until?: LogMark;
}

/** An entry with its place in the log. */
export interface SeqEntry extends LogPlace {
  entry: LogEntry;
}

/** A line with its place in the log. */
export interface SeqLine extends LogPlace {
  line: string;
  scalars: LineScalars;
}

/**
 * What a header shows about a chunk's entries: none match, all match, or the header has counted the matches. If it
 * shows nothing (`unknown`), the chunk must be read.
 */
export type Verdict = "none" | "all" | "counted" | "unknown";

export class LogConditions {
  readonly #levels: ReadonlySet<string> | undefined;
  readonly #agents: ReadonlySet<string> | undefined;
  readonly #from: string | undefined;
  readonly #to: string | undefined;
  readonly #until: LogMark | undefined;
  readonly #message: string | undefined;
  readonly #source: string | undefined;
  readonly #details: string | undefined;
  /** The line of every matching entry contains all of these, without case. */
  readonly #clues: Clue[];
  readonly #search: MessageSearch | undefined;

  constructor(query: LogQuery) {
    this.#levels = query.levels && new Set(query.levels);
    this.#agents = query.agents && new Set(query.agents);
    const from = Math.max(query.start_ms ?? -Infinity, query.since_ms ?? -Infinity);
    this.#from = from === -Infinity ? undefined : isoTime(from);
    this.#to = query.end_ms === undefined ? undefined : isoTime(query.end_ms);
    this.#until = query.until;
    const fold = (text: string | undefined) => text === undefined ? undefined : folded(text);
    this.#message = fold(query.message_contains);
    this.#source = fold(query.source_file);
    this.#details = fold(query.details_contains);
    const message = clueOf(query.message_contains);
    const source = clueOf(query.source_file);
    const details = this.#details === undefined ? undefined : new Clue(this.#details);
    this.#clues = [message, source, details].filter((clue) => clue !== undefined);
    this.#search = message && new MessageSearch(query.message_contains!, message);
  }

  /** The lines whose entries may match. A cheap check that comes first. */
  *linesIn(text: string): Generator<NumberedLine> {
    const [first, ...others] = this.#clues;
    if (!others.every((clue) => clue.isIn(text))) return;
    for (const one of first ? first.numberedLinesIn(text) : numbered(text.split("\n"))) {
      if (others.every((clue) => clue.isIn(one.line))) yield one;
    }
  }

  matches(one: SeqLine): boolean {
    const { line, scalars } = one;
    const { time, level, agent, message, source } = scalars;
    if (this.#until && isAfter(this.#until, one)) return false;
    if (this.#from !== undefined && time < this.#from) return false;
    if (this.#to !== undefined && time > this.#to) return false;
    if (this.#levels && !this.#levels.has(level)) return false;
    if (this.#agents && !this.#agents.has(agent)) return false;
    if (this.#message !== undefined && !folded(message).includes(this.#message)) return false;
    if (this.#source !== undefined && !folded(source).includes(this.#source)) return false;
    if (this.#details === undefined) return true;
    return folded(JSON.stringify(entryOfLine(line).details)).includes(this.#details);
  }

  /** Adds the matching entries of a chunk to `counts`, per level, if its header alone shows them. */
  count(header: ChunkHeader, counts: number[]): Verdict {
    if (this.#isOutside(header)) return "none";
    const found = this.#countOf(header);
    const sum = found.reduce((a, b) => a + b, 0);
    // The chunk has no entry of these levels and agents, so the other conditions do not matter.
    if (sum === 0) return "none";
    if (this.#message !== undefined || this.#source !== undefined || this.#details !== undefined) {
      return "unknown";
    }
    if (!this.#isInside(header)) return "unknown";
    for (let i = 0; i < found.length; i++) counts[i]! += found[i]!;
    return sum === header.count ? "all" : "counted";
  }

  /** Whether a search text tells something about a chunk. */
  get areSearched(): boolean {
    return this.#search !== undefined;
  }

  /** Like `count`, for a chunk whose header shows nothing, by its search text. */
  countBySearch(header: ChunkHeader, text: string, counts: number[]): Verdict {
    const found = this.#search!.countIn(text).map((count, i) =>
      !this.#levels || this.#levels.has(LEVELS[i]!) ? count : 0
    );
    if (found.every((count) => count === 0)) return "none";
    const isOnlySearched = !this.#agents && this.#source === undefined && this.#details === undefined;
    if (!isOnlySearched || !this.#isInside(header)) return "unknown";
    for (let i = 0; i < found.length; i++) counts[i]! += found[i]!;
    return "counted";
  }

  #countOf(header: ChunkHeader): readonly number[] {
    if (!this.#agents && !this.#levels) return header.levels;
    const counts = LEVELS.map(() => 0);
    const add = (levels: readonly number[]) => {
      for (let i = 0; i < levels.length; i++) {
        if (!this.#levels || this.#levels.has(LEVELS[i]!)) counts[i]! += levels[i]!;
      }
    };
    if (!this.#agents) {
      add(header.levels);
      return counts;
    }
    for (const agent of this.#agents) {
      const levels = header.agents.get(agent);
      if (levels) add(levels);
    }
    return counts;
  }

  #untilIn({ node }: ChunkHeader): number {
    return this.#until ? this.#until.get(node) ?? 0 : Infinity;
  }

  #isOutside(header: ChunkHeader): boolean {
    return header.first_seq > this.#untilIn(header) ||
      (this.#from !== undefined && header.last_time < this.#from) ||
      (this.#to !== undefined && header.first_time > this.#to);
  }

  #isInside(header: ChunkHeader): boolean {
    return endSeq(header) - 1 <= this.#untilIn(header) &&
      (this.#from === undefined || header.first_time >= this.#from) &&
      (this.#to === undefined || header.last_time <= this.#to);
  }
}

/** The text as it is in a line. A lone surrogate is escaped differently than one in a pair. */
function clueOf(text: string | undefined): Clue | undefined {
  return text?.isWellFormed() ? new Clue(JSON.stringify(text).slice(1, -1)) : undefined;
}

function compareKeys(a: string | number, b: string | number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** By number within a node; between nodes, by time and then by name. */
function comparePlaces(a: LogPlace, a_time: string, b: LogPlace, b_time: string): number {
  if (a.node === b.node) return a.seq - b.seq;
  return compareKeys(a_time, b_time) || compareKeys(a.node, b.node);
}

/** The order of a query: by its field, then by place in the log, in the same direction. */
export class LogOrder {
  readonly field: NonNullable<LogQuery["sort_field"]>;
  readonly direction: 1 | -1;

  constructor({ sort_field = "time", order }: LogQuery) {
    this.field = sort_field;
    this.direction = order === "desc" ? -1 : 1;
  }

  /** Whether it is by time, the order in which each node stores its entries. */
  get isNatural(): boolean {
    return this.field === "time";
  }

  compare(a: SeqLine, b: SeqLine): number {
    const keys = this.isNatural ? 0 : compareKeys(this.#keyOf(a), this.#keyOf(b));
    return (keys || comparePlaces(a, a.scalars.time, b, b.scalars.time)) * this.direction;
  }

  /** Whether a page that ends with `last` cannot contain any entry of this chunk. */
  isPast(header: ChunkHeader, last: SeqLine): boolean {
    const { node, first_seq, first_time, last_time } = header;
    const [seq, time] = this.direction === 1 ? [first_seq, first_time] : [endSeq(header) - 1, last_time];
    return comparePlaces({ node, seq }, time, last, last.scalars.time) * this.direction >= 0;
  }

  #keyOf({ scalars }: SeqLine): string | number {
    return this.field === "level" ? LEVELS.indexOf(scalars.level) : scalars[this.field];
  }
}
