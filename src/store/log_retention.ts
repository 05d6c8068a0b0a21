/** Decides which chunks of the log retention drops. Pure. */
import { epochOf } from "../clock/clock.ts";
import type { ChunkHeader } from "./log_chunk.ts";
import type { LogHeaders } from "./log_headers.ts";

/** How many chunks one commit drops. */
const DROP_BATCH = 200;
const DAY_MS = 86_400_000;

export interface LogRetention {
  retention_days: number;
  max_bytes: number;
}

/**
 * The oldest chunks, as many as one commit may drop: those that are too old, or beyond `max_bytes`. The newest of
 * `node`, which may still be written, may be the last of them.
 */
export function doomedChunks(
  headers: LogHeaders,
  { retention_days, max_bytes }: LogRetention,
  node: string,
  now: number,
): ChunkHeader[] {
  const oldest_ms = now - retention_days * DAY_MS;
  let excess = headers.bytes - max_bytes;
  const doomed: ChunkHeader[] = [];
  for (const header of inOrderOfTime(headers.all())) {
    if (doomed.length >= DROP_BATCH) break;
    if (excess <= 0 && epochOf(header.last_time) >= oldest_ms) break;
    // The newest chunk of another node stays, so that its numbers continue.
    if (header.node !== node && header === headers.of(header.node).at(-1)) continue;
    doomed.push(header);
    excess -= header.stored_bytes;
  }
  return doomed;
}

function inOrderOfTime(headers: ChunkHeader[]): ChunkHeader[] {
  if (headers.every(({ node }) => node === headers[0]!.node)) return headers;
  return headers.sort((a, b) =>
    a.last_time < b.last_time ? -1 : a.last_time > b.last_time ? 1 : a.chunk - b.chunk
  );
}
