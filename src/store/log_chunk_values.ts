/** The values of a chunk in the store: its lines, its header, and the text for searches. Pure. */
import type { Key } from "./kv/kv.ts";
import { type Chunk, type ChunkHeader, encodeHeader, encodeLines, storedBytes } from "./log_chunk.ts";
import { chunkKey, headKey, searchTextKey } from "./log_keys.ts";

interface Value {
  key: Key;
  value: Uint8Array;
}

/** A chunk as it is stored, and its header, which knows the size of these values. */
export interface EncodedChunk {
  header: ChunkHeader;
  values: Value[];
}

export function encodeChunk({ header, lines, search_text }: Chunk): EncodedChunk {
  const { node, chunk } = header;
  const head = encodeHeader(header);
  const values = [
    { key: chunkKey(node, chunk), value: encodeLines(lines) },
    { key: headKey(node, chunk), value: head },
  ];
  if (search_text) values.push({ key: searchTextKey(node, chunk), value: search_text });
  return { header: { ...header, stored_bytes: storedBytes(header, head) }, values };
}

export function chunkKeys({ node, chunk }: ChunkHeader): Key[] {
  return [chunkKey(node, chunk), headKey(node, chunk), searchTextKey(node, chunk)];
}
