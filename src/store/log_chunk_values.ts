/** The values of a chunk in the store: its lines, its header, and the text for searches. Pure. */
import type { Key } from "./kv/kv.ts";
import { type Chunk, type ChunkHeader, encodeHeader, encodeLines } from "./log_chunk.ts";
import { chunkKey, headKey, searchTextKey } from "./log_keys.ts";
import { encodeSearchText } from "./log_search_text.ts";

interface Value {
  key: Key;
  value: Uint8Array;
}

export function chunkValues({ header, lines }: Chunk): Value[] {
  const { node, chunk } = header;
  return [
    { key: chunkKey(node, chunk), value: encodeLines(lines) },
    { key: headKey(node, chunk), value: encodeHeader(header) },
  ];
}

/** What is added once the chunk no longer grows. */
export function searchTextValue({ header: { node, chunk }, lines }: Chunk): Value {
  return { key: searchTextKey(node, chunk), value: encodeSearchText(lines) };
}

export function chunkKeys({ node, chunk }: ChunkHeader): Key[] {
  return [chunkKey(node, chunk), headKey(node, chunk), searchTextKey(node, chunk)];
}
