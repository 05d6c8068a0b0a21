/** Collects the entries of one page. They may be offered in any order. Pure. */
import { countFitting } from "../domain/page.ts";
import { utf8Length } from "../domain/scalars.ts";
import { type ChunkHeader, endSeq } from "./log_chunk.ts";
import type { LogMark } from "./log_place.ts";
import type { LogOrder } from "./log_order.ts";
import type { SeqLine } from "./log_query.ts";

/** Where a page begins: by time after a mark, else after an entry. */
export type Beginning = { mark: LogMark } | { entry: SeqLine } | undefined;

export class Page {
  readonly #order: LogOrder;
  readonly #limit: number;
  readonly #after: Beginning;
  /** In order; one more than the page holds, if there are more. */
  readonly #found: SeqLine[] = [];

  constructor(order: LogOrder, limit: number, after: Beginning) {
    this.#order = order;
    this.#limit = limit;
    this.#after = after;
  }

  get entries(): SeqLine[] {
    return this.#found.slice(0, this.#count);
  }

  get hasMore(): boolean {
    return this.#found.length > this.#count;
  }

  /** How many entries the page has. */
  get #count(): number {
    return Math.min(this.#limit, countFitting(this.#found.values().map(({ line }) => utf8Length(line))));
  }

  /** Whether entries of this chunk may be on the page. */
  wants(header: ChunkHeader): boolean {
    if (!this.#order.isNatural) return true;
    if (this.#found.length > this.#limit && this.#order.isPast(header, this.#found.at(-1)!)) return false;
    const { node, first_seq } = header;
    return !this.#isBefore(node, this.#order.direction === 1 ? endSeq(header) - 1 : first_seq);
  }

  /** Whether no entry of this chunk was read by an earlier page. In the log's own order only. */
  hasAllOf(header: ChunkHeader): boolean {
    if (!this.#order.isNatural) return false;
    const { node, first_seq } = header;
    return !this.#isBefore(node, this.#order.direction === 1 ? first_seq : endSeq(header) - 1);
  }

  offer(one: SeqLine): void {
    const found = this.#found;
    if (this.#isRead(one)) return;
    const last = found.at(-1);
    const isFull = found.length > this.#limit;
    if (isFull && this.#order.compare(one, last!) >= 0) return;
    if (!last || this.#order.compare(one, last) >= 0) found.push(one);
    else found.splice(this.#placeOf(one), 0, one);
    if (found.length > this.#limit + 1) found.pop();
  }

  /** The last entry of each node that was read with this page: the next page begins there. */
  markAfter(ends: LogMark): LogMark {
    const { direction } = this.#order;
    const begun = this.#after && "mark" in this.#after ? this.#after.mark : undefined;
    // Backward, the mark also names nodes of which nothing has been read yet. So nodes that come later are excluded.
    const mark = new Map(begun ?? (direction === 1 ? [] : [...ends].map(([node, end]) => [node, end + 1])));
    for (const { node, seq } of this.entries) mark.set(node, seq);
    return mark;
  }

  #isRead(one: SeqLine): boolean {
    if (this.#after && "entry" in this.#after) return this.#order.compare(one, this.#after.entry) <= 0;
    return this.#isBefore(one.node, one.seq);
  }

  /** Whether this entry was read by an earlier page or is excluded by the mark. */
  #isBefore(node: string, seq: number): boolean {
    if (!this.#after || !("mark" in this.#after)) return false;
    const read = this.#after.mark.get(node) ?? 0;
    return this.#order.direction === 1 ? seq <= read : seq >= read;
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
}
