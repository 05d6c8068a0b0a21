/** A log query, and its conditions, applied to headers, search texts and lines. Pure. */
import { isoTime } from "../clock/clock.ts";
import type { LogEntry, LogLevel } from "../domain/log_entry.ts";
import type { LOG_SORT_FIELDS } from "../protocol/log_messages.ts";
import { isAfter, type LogMark, type LogPlace } from "./log_place.ts";
import { type ChunkHeader, endSeq, LEVELS } from "./log_chunk.ts";
import { Clue, numbered, type NumberedLine } from "./log_clue.ts";
import { entryOfLine, folded, type LineScalars } from "./log_line.ts";
import { MessageSearch, type SearchText } from "./log_search_text.ts";

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
  /** Whether entries of this agent exist for whoever asks. Without it, all do. */
  isVisible?(agent: string): boolean;
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
 * What a header or a search text shows about a chunk's entries: none match, all match, or some, which are counted. If it
 * shows nothing (`unknown`), the chunk must be read.
 */
export interface Judgment {
  verdict: "none" | "all" | "counted" | "unknown";
  /** The matches per level, and their sum; 0 if they are unknown. */
  counts: readonly number[];
  matches: number;
}

const NO_COUNTS = LEVELS.map(() => 0);
const NONE: Judgment = { verdict: "none", counts: NO_COUNTS, matches: 0 };
const UNKNOWN: Judgment = { verdict: "unknown", counts: NO_COUNTS, matches: 0 };

export class LogConditions {
  readonly #levels: ReadonlySet<string> | undefined;
  readonly #agents: ReadonlySet<string> | undefined;
  readonly #from: string | undefined;
  readonly #to: string | undefined;
  readonly #until: LogMark | undefined;
  readonly #isVisible: LogQuery["isVisible"];
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
    this.#isVisible = query.isVisible;
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
    if (this.#isVisible && !this.#isVisible(agent)) return false;
    if (this.#message !== undefined && !folded(message).includes(this.#message)) return false;
    if (this.#source !== undefined && !folded(source).includes(this.#source)) return false;
    if (this.#details === undefined) return true;
    return folded(JSON.stringify(entryOfLine(line).details)).includes(this.#details);
  }

  /** What the header shows about its chunk. */
  judge(header: ChunkHeader): Judgment {
    if (this.#isOutside(header)) return NONE;
    const counts = this.#countOf(header);
    const matches = counts === header.levels ? header.count : sumOf(counts);
    // The chunk has no entry of these levels and agents, so the other conditions do not matter.
    if (matches === 0) return NONE;
    const areTextsWanted = this.#message !== undefined || this.#source !== undefined ||
      this.#details !== undefined;
    if (areTextsWanted || this.#isVisible || !this.#isInside(header)) return UNKNOWN;
    return { verdict: matches === header.count ? "all" : "counted", counts, matches };
  }

  /** Whether a search text shows something about a chunk. */
  get areSearched(): boolean {
    return this.#search !== undefined;
  }

  /** What the search text of a chunk shows if its header shows nothing. */
  judgeBySearch(header: ChunkHeader, text: SearchText): Judgment {
    const found = this.#search!.countIn(text);
    const counts = this.#levels ? found.map((count, i) => this.#levels!.has(LEVELS[i]!) ? count : 0) : found;
    const matches = sumOf(counts);
    if (matches === 0) return NONE;
    const isOnlySearched = !this.#agents && !this.#isVisible && this.#source === undefined &&
      this.#details === undefined;
    return isOnlySearched && this.#isInside(header) ? { verdict: "counted", counts, matches } : UNKNOWN;
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

export function sumOf(counts: readonly number[]): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
