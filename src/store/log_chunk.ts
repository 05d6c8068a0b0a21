/**
 * Log entries packed into values of the store: a chunk is JSON lines, its header says what is inside, so that
 * most questions are answered without reading it. Pure.
 */
import { type LogEntry, LogLevel } from "../protocol/log.ts";

/** A value may have 64 KiB. */
export const CHUNK_BYTES = 60_000;

export const LEVELS = LogLevel.options;
/** Entries per level, in the order of `LEVELS`. */
export type LevelCounts = number[];

export interface ChunkHeader {
  chunk: number;
  /** The sequence number of its first entry; the others follow. */
  first_seq: number;
  count: number;
  first_time: string;
  last_time: string;
  bytes: number;
  /** Per agent, entries per level. */
  agents: Record<string, LevelCounts>;
}

export function emptyHeader(chunk: number, first_seq: number): ChunkHeader {
  return { chunk, first_seq, count: 0, first_time: "", last_time: "", bytes: 0, agents: Object.create(null) };
}

/** Notes one more entry of `bytes` bytes in the header. */
export function noteEntry(header: ChunkHeader, entry: LogEntry, bytes: number): void {
  if (header.count === 0) header.first_time = entry.time;
  header.last_time = entry.time;
  header.count++;
  header.bytes += bytes;
  const counts = header.agents[entry.agent] ??= LEVELS.map(() => 0);
  counts[LEVELS.indexOf(entry.level)]!++;
}

export function parseChunk(text: string): LogEntry[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as LogEntry);
}

/** An entry as a line; one that would not fit into a chunk loses its details, which say so. */
export function lineOf(entry: LogEntry): string {
  const line = JSON.stringify(entry) + "\n";
  // A character takes at most three bytes, so most lines need no exact count.
  if (line.length * 3 <= CHUNK_BYTES || byteLength(line) <= CHUNK_BYTES) return line;
  const short = {
    ...entry,
    message: entry.message.slice(0, 8000),
    details: { truncated: true },
    stack_trace: undefined,
  };
  return JSON.stringify(short) + "\n";
}

const utf8 = new TextEncoder();

export function byteLength(text: string): number {
  return utf8.encode(text).length;
}
