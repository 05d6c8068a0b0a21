/** Where queries read chunks. */
import type { ChunkHeader } from "./log_chunk.ts";
import type { SearchText } from "./log_search_text.ts";

/** A chunk's lines as one text. */
export interface ChunkText {
  header: ChunkHeader;
  text: string;
}

/** What is searched of a chunk. */
export interface ChunkSearchText {
  header: ChunkHeader;
  search: SearchText;
}

export interface ChunkSource {
  /** The texts of these chunks; those of one node in their order. A chunk that is gone is left out. */
  read(headers: readonly ChunkHeader[]): AsyncIterable<ChunkText>;
  /**
   * The search texts of these chunks of one node, many at once, in any order. One that is gone or damaged is left out.
   */
  readSearchTexts(headers: readonly ChunkHeader[]): AsyncIterable<readonly ChunkSearchText[]>;
}
