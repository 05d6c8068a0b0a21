/** Packs lines into chunks. Pure. */
import { addLine, type Chunk, copyOf, emptyChunk, hasRoom } from "./log_chunk.ts";
import type { LogLine } from "./log_line.ts";
import { encodeSearchText } from "./log_search_text.ts";

/** How many chunks one commit writes. They fit even with headers and search texts of the largest size. */
const CHUNKS_MAX = 4;
/**
 * A chunk that has grown to these bytes by several commits ends: each commit writes all of it again. Where many lines come
 * at once, a chunk is full after one or two commits.
 */
const GROWN_BYTES = 16_000;

/** Where the next line goes. */
export interface PackPlace {
  node: string;
  /** The chunk that still has room, as it is stored. */
  open: Chunk | undefined;
  next_chunk: number;
  next_seq: number;
}

export interface Packed {
  /** The open chunk and those after it. All that no longer grow have a search text. */
  chunks: Chunk[];
  /** How many of the lines they hold. */
  count: number;
}

/** Packs as many of the lines, the oldest first, as one commit may write. */
export function packed(lines: readonly LogLine[], { node, open, next_chunk, next_seq }: PackPlace): Packed {
  const chunks = open ? [copyOf(open)] : [];
  let last = chunks.at(-1);
  let count = 0;
  for (const line of lines) {
    if (!last || !hasRoom(last, line)) {
      if (last) endChunk(last);
      if (chunks.length === CHUNKS_MAX) break;
      chunks.push(last = emptyChunk(node, last ? last.header.chunk + 1 : next_chunk, next_seq + count));
    }
    addLine(last, line);
    count++;
  }
  const isGrown = last && last.header.chunk === open?.header.chunk && last.header.bytes >= GROWN_BYTES;
  if (isGrown && !last?.search_text) endChunk(last!);
  return { chunks, count };
}

/** Gives a chunk that no longer grows its search text. */
export function endChunk(chunk: Chunk): void {
  chunk.search_text = encodeSearchText(chunk.lines);
  chunk.header.search_bytes = chunk.search_text.length;
}
