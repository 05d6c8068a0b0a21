/** Where the log lies in the store. */
import type { Key } from "./kv/kv.ts";

export const CHUNKS: Key = ["log", "chunk"];
export const HEADS: Key = ["log", "head"];
/** How far the log had come when retention had dropped all of it. */
export const TAIL: Key = ["log", "tail"];

export function chunkKey(chunk: number): Key {
  return [...CHUNKS, chunk];
}

export function headKey(chunk: number): Key {
  return [...HEADS, chunk];
}
