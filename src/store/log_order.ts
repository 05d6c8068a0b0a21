/** The order of a query, applied to lines and headers. Pure. */
import { type ChunkHeader, endSeq, LEVELS } from "./log_chunk.ts";
import type { LogPlace } from "./log_place.ts";
import type { LogQuery, SeqLine } from "./log_query.ts";

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
