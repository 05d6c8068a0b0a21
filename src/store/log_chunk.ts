/**
 * Packs log entries into values of the store. A chunk is JSON lines. Its header describes its contents, so that most
 * queries are answered without reading the chunk. Pure.
 */
import { ApiError } from "../domain/errors.ts";
import { LogLevel } from "../domain/log_entry.ts";
import { type LevelCounts, StoredChunkHeader } from "../domain/log_chunk.ts";
import { stored } from "../domain/stored.ts";
import type { LogLine } from "./log_line.ts";
import { decodeStored, encodeStored } from "./stored_values.ts";

/** The most bytes of a chunk. A value may have 64 KiB. A header is never larger than its chunk. */
const CHUNK_BYTES = 60_000;

export const LEVELS = LogLevel.options;

/** A header in memory, with the node that wrote it, which is part of its key, and a map of agents. */
export type ChunkHeader = Omit<StoredChunkHeader, "agents"> & {
  node: string;
  agents: Map<string, LevelCounts>;
  /** The size of all values of the chunk in the store. */
  stored_bytes: number;
};

const HEADER = stored("log.head", StoredChunkHeader);

/** The lines of one value of the store, with their header. */
export interface Chunk {
  header: ChunkHeader;
  lines: string[];
  /** Of a chunk that no longer grows. */
  search_text?: Uint8Array;
}

export function emptyChunk(node: string, chunk: number, first_seq: number): Chunk {
  const header = {
    node,
    chunk,
    first_seq,
    count: 0,
    first_time: "",
    last_time: "",
    bytes: 0,
    stored_bytes: 0,
  };
  return { header: { ...header, levels: LEVELS.map(() => 0), agents: new Map() }, lines: [] };
}

/** A copy that may grow without changing the original. */
export function copyOf({ header, lines }: Chunk): Chunk {
  const agents = new Map([...header.agents].map(([agent, levels]) => [agent, [...levels]]));
  return { header: { ...header, levels: [...header.levels], agents }, lines: [...lines] };
}

export function hasRoom({ header }: Chunk, line: LogLine): boolean {
  return header.count === 0 || header.bytes + line.bytes <= CHUNK_BYTES;
}

export function addLine({ header, lines }: Chunk, { entry, text, bytes }: LogLine): void {
  const level = LEVELS.indexOf(entry.level);
  let counts = header.agents.get(entry.agent);
  if (!counts) header.agents.set(entry.agent, counts = LEVELS.map(() => 0));
  counts[level]!++;
  header.levels[level]!++;
  if (header.count === 0) header.first_time = entry.time;
  header.last_time = entry.time;
  header.count++;
  header.bytes += bytes;
  lines.push(text);
}

export function encodeHeader({ node: _, stored_bytes: __, agents, ...header }: ChunkHeader): Uint8Array {
  return encodeStored({ ...header, agents: [...agents] });
}

/** Throws `DATABASE_ERROR` if the bytes are not a header. */
export function decodeHeader(
  { node, chunk }: Pick<ChunkHeader, "node" | "chunk">,
  bytes: Uint8Array,
): ChunkHeader {
  const header = decodeStored(HEADER, `header of the log's chunk ${chunk} of ${node}`, bytes);
  return {
    ...header,
    node,
    agents: new Map(header.agents),
    stored_bytes: storedBytes(header, bytes),
  };
}

/** The size of a chunk's lines, its search text and its header. */
export function storedBytes(
  { bytes, search_bytes = 0 }: Pick<StoredChunkHeader, "bytes" | "search_bytes">,
  encodedHeader: Uint8Array,
): number {
  // The last line has no line feed.
  return bytes - 1 + search_bytes + encodedHeader.length;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function textOf(lines: readonly string[]): string {
  return lines.join("\n");
}

export function encodeLines(lines: readonly string[]): Uint8Array {
  return encoder.encode(textOf(lines));
}

/** The text of `encodeLines`. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/**
 * The text of the header's chunk. If the chunk has grown since, it has more. Throws `LOG_FILE_ERROR` if it has less.
 */
export function decodeChunk(header: ChunkHeader, bytes: Uint8Array): string {
  // The last line has no line feed.
  if (bytes.length < header.bytes - 1) throw unreadable(header, `${bytes.length} of ${header.bytes} bytes`);
  return decodeText(bytes);
}

/** The lines that the header describes, without those added since. Throws `LOG_FILE_ERROR` if there are fewer. */
export function linesOf(header: ChunkHeader, text: string): string[] {
  const lines = text.split("\n", header.count);
  requireWhole(header, lines.length);
  return lines;
}

/** The number of lines, without splitting the text. */
export function lineCountOf(text: string): number {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** Throws `LOG_FILE_ERROR` if a chunk has fewer lines than its header says. */
export function requireWhole(header: ChunkHeader, lines: number): void {
  if (lines < header.count) throw unreadable(header, `${lines} of ${header.count} entries`);
}

export function unreadable(header: ChunkHeader, reason: string): ApiError {
  const { chunk, count, first_time, last_time } = header;
  return new ApiError(
    "LOG_FILE_ERROR",
    `A part of the log cannot be read: ${count} entries from ${first_time} to ${last_time}. Leave them out by filter.time_range.`,
    { operation: "read", chunk, entries: count, start: first_time, end: last_time, reason },
  );
}

/** The sequence number after the chunk's last entry. */
export function endSeq({ first_seq, count }: ChunkHeader): number {
  return first_seq + count;
}
