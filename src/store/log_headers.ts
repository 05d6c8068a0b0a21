/** The headers of all committed chunks in memory: per node, the oldest first. */
import { type ChunkHeader, endSeq } from "./log_chunk.ts";
import type { LogMark } from "./log_place.ts";

export class LogHeaders {
  readonly #byNode = new Map<string, ChunkHeader[]>();
  #entries = 0;
  #bytes = 0;

  get entries(): number {
    return this.#entries;
  }

  /** The size of all that is stored of these chunks. */
  get bytes(): number {
    return this.#bytes;
  }

  of(node: string): readonly ChunkHeader[] {
    return this.#byNode.get(node) ?? [];
  }

  /** The headers as they are now; what is written later does not change them. */
  byNode(): Map<string, readonly ChunkHeader[]> {
    return new Map([...this.#byNode].map(([node, headers]) => [node, [...headers]]));
  }

  /** Those of one node after those of another. */
  all(): ChunkHeader[] {
    return [...this.#byNode.values()].flat();
  }

  /** Where the log of each node ends. */
  mark(): LogMark {
    return new Map([...this.#byNode].map(([node, headers]) => [node, endSeq(headers.at(-1)!) - 1]));
  }

  /** Adds the header of a new chunk, or replaces the newest header if its chunk has grown or ended. */
  put(header: ChunkHeader): void {
    let headers = this.#byNode.get(header.node);
    if (!headers) this.#byNode.set(header.node, headers = []);
    const last = headers.at(-1);
    if (last?.chunk === header.chunk) this.#count(headers.pop()!, -1);
    headers.push(header);
    this.#count(header, 1);
  }

  /** Removes the chunks of the node that are older than this one. */
  dropBefore(node: string, chunk: number): ChunkHeader[] {
    const headers = this.#byNode.get(node) ?? [];
    const kept = headers.findIndex((header) => header.chunk >= chunk);
    const dropped = headers.splice(0, kept < 0 ? headers.length : kept);
    for (const header of dropped) this.#count(header, -1);
    if (headers.length === 0) this.#byNode.delete(node);
    return dropped;
  }

  #count({ count, stored_bytes }: ChunkHeader, sign: 1 | -1): void {
    this.#entries += sign * count;
    this.#bytes += sign * stored_bytes;
  }
}
