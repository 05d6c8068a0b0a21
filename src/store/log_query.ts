/** What a log query asks, as decisions on headers and entries. Pure. */
import { isoTime } from "../clock/clock.ts";
import { ApiError } from "../protocol/errors.ts";
import type { LogEntry, LogLevel } from "../protocol/log.ts";
import type { LOG_SORT_FIELDS } from "../protocol/log_messages.ts";
import { type ChunkHeader, LEVELS } from "./log_chunk.ts";

export interface LogQuery {
  levels?: readonly LogLevel[];
  agents?: readonly string[];
  /** Bounds in epoch milliseconds, both included. */
  start_ms?: number;
  end_ms?: number;
  since_ms?: number;
  message_contains?: string;
  details_contains?: string;
  source_file?: string;
  order: "asc" | "desc";
  sort_field?: typeof LOG_SORT_FIELDS[number];
  limit: number;
  cursor?: string;
  /** Entries after this sequence number are left out; all when absent. */
  until_seq?: number;
}

/** An entry with its place in the log. */
export interface SeqEntry {
  seq: number;
  entry: LogEntry;
}

/** Where a page ended: the last entry's sort key and sequence number. */
interface Position {
  key: string;
  seq: number;
}

export class LogConditions {
  readonly #levels: ReadonlySet<string> | undefined;
  readonly #agents: ReadonlySet<string> | undefined;
  readonly #from: string | undefined;
  readonly #to: string | undefined;
  readonly #until: number;
  readonly #texts: [(entry: LogEntry) => string, string][] = [];

  constructor(query: LogQuery) {
    this.#levels = query.levels && new Set(query.levels);
    this.#agents = query.agents && new Set(query.agents);
    const from = Math.max(query.start_ms ?? -Infinity, query.since_ms ?? -Infinity);
    this.#from = from === -Infinity ? undefined : isoTime(from);
    this.#to = query.end_ms === undefined ? undefined : isoTime(query.end_ms);
    this.#until = query.until_seq ?? Infinity;
    const text = (of: (entry: LogEntry) => string, wanted: string | undefined) => {
      if (wanted !== undefined) this.#texts.push([of, wanted.toLowerCase()]);
    };
    text((entry) => entry.message, query.message_contains);
    text((entry) => entry.source, query.source_file);
    text((entry) => JSON.stringify(entry.details), query.details_contains);
  }

  matches({ seq, entry }: SeqEntry): boolean {
    if (seq > this.#until) return false;
    if (this.#from !== undefined && entry.time < this.#from) return false;
    if (this.#to !== undefined && entry.time > this.#to) return false;
    if (this.#levels && !this.#levels.has(entry.level)) return false;
    if (this.#agents && !this.#agents.has(entry.agent)) return false;
    return this.#texts.every(([of, wanted]) => of(entry).toLowerCase().includes(wanted));
  }

  /** How many of a chunk's entries match, per level, when its header alone can tell. */
  countsOf(header: ChunkHeader): number[] | undefined {
    const counts = LEVELS.map(() => 0);
    if (this.#isOutside(header)) return counts;
    for (const agent of this.#agents ?? Object.keys(header.agents)) {
      const levels = Object.hasOwn(header.agents, agent) ? header.agents[agent]! : [];
      levels.forEach((count, i) => {
        if (!this.#levels || this.#levels.has(LEVELS[i]!)) counts[i]! += count;
      });
    }
    // Nothing of these levels and agents: no text or time can change that.
    if (counts.every((count) => count === 0)) return counts;
    return this.#texts.length === 0 && this.#isInside(header) ? counts : undefined;
  }

  #isOutside(header: ChunkHeader): boolean {
    return header.first_seq > this.#until || (this.#from !== undefined && header.last_time < this.#from) ||
      (this.#to !== undefined && header.first_time > this.#to);
  }

  #isInside(header: ChunkHeader): boolean {
    return header.first_seq + header.count - 1 <= this.#until &&
      (this.#from === undefined || header.first_time >= this.#from) &&
      (this.#to === undefined || header.last_time <= this.#to);
  }
}

/** The order of a query: by its field, then by place in the log, in the same direction. */
export class LogOrder {
  readonly field: NonNullable<LogQuery["sort_field"]>;
  readonly direction: 1 | -1;

  constructor({ sort_field = "time", order }: LogQuery) {
    this.field = sort_field;
    this.direction = order === "desc" ? -1 : 1;
  }

  /** By time: the order in which the entries are stored. */
  get isNatural(): boolean {
    return this.field === "time";
  }

  keyOf({ entry }: SeqEntry): string {
    return this.field === "level" ? String(LEVELS.indexOf(entry.level)) : entry[this.field];
  }

  compare(a: SeqEntry, b: SeqEntry): number {
    return this.#comparePositions({ key: this.keyOf(a), seq: a.seq }, { key: this.keyOf(b), seq: b.seq });
  }

  isAfter(entry: SeqEntry, position: Position): boolean {
    return this.#comparePositions({ key: this.keyOf(entry), seq: entry.seq }, position) > 0;
  }

  #comparePositions(a: Position, b: Position): number {
    const keys = this.isNatural || a.key === b.key ? 0 : a.key < b.key ? -1 : 1;
    return (keys || a.seq - b.seq) * this.direction;
  }

  cursorAt(entry: SeqEntry): string {
    const text = JSON.stringify([
      this.field,
      this.direction,
      this.isNatural ? "" : this.keyOf(entry).slice(0, 200),
      entry.seq,
    ]);
    return btoa(String.fromCharCode(...new TextEncoder().encode(text))).replaceAll("+", "-").replaceAll(
      "/",
      "_",
    );
  }

  /** Throws `INVALID_FIELD_FORMAT` for what is no cursor, `INVALID_FIELD_VALUE` for one of another order. */
  positionOf(cursor: string): Position {
    const details = {
      field: "cursor",
      value: cursor.slice(0, 200),
      expected: "the next_cursor of an earlier page",
    };
    let parts: unknown;
    try {
      const bytes = Uint8Array.from(
        atob(cursor.replaceAll("-", "+").replaceAll("_", "/")),
        (c) => c.charCodeAt(0),
      );
      parts = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      // Not base64, or not what `cursorAt` wrote: refused below.
    }
    if (
      !Array.isArray(parts) || parts.length !== 4 || typeof parts[3] !== "number" ||
      typeof parts[2] !== "string"
    ) {
      throw new ApiError("INVALID_FIELD_FORMAT", "This is no cursor", details);
    }
    if (parts[0] !== this.field || parts[1] !== this.direction) {
      throw new ApiError("INVALID_FIELD_VALUE", "This cursor belongs to a query with another order", details);
    }
    return { key: parts[2], seq: parts[3] };
  }
}
