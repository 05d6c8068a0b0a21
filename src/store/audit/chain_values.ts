/** How a node's chain is stored: its entries in chunks, its end, and the last entry that was removed. */
import * as z from "zod";
import type { AuditEntry } from "../../domain/audit/audit_entry.ts";
import type { ChainHead } from "../../domain/audit/audit_chain.ts";
import { utf8Length } from "../../domain/scalars.ts";
import { decode, encode, encodeText } from "../json.ts";
import type { Key } from "../kv/kv.ts";

const ENTRIES: Key = ["audit"];
const HEADS: Key = ["audit_head"];
const ANCHORS: Key = ["audit_anchor"];

/** A chunk holds the entries of one commit, or some of them: a value has at most 64 KiB. */
const CHUNK_BYTES = 60_000;

export interface Position extends ChainHead {
  /** Of all entries up to here, those that were removed included. */
  bytes: number;
}
const Position = z.object({ seq: z.int(), hash: z.string(), bytes: z.int() });

export const entriesOf = (node: string): Key => [...ENTRIES, node];
export const chunkKey = (node: string, first_seq: number): Key => [...ENTRIES, node, first_seq];
export const headKey = (node: string): Key => [...HEADS, node];
export const anchorKey = (node: string): Key => [...ANCHORS, node];
export const ALL_HEADS = HEADS;
export const ALL_ENTRIES = ENTRIES;

export function encodePosition(position: Position): Uint8Array {
  return encode(position);
}

export function decodePosition(value: Uint8Array): Position {
  return Position.parse(decode(value));
}

const decoder = new TextDecoder();

/** The entries of a chunk as they are stored: one JSON a line. */
export function linesOf(value: Uint8Array): string[] {
  return decoder.decode(value).split("\n");
}

export interface Chunk {
  key: Key;
  value: Uint8Array;
}

/** The chunks of consecutive entries. */
export function chunksOf(node: string, entries: readonly AuditEntry[]): Chunk[] {
  const chunks: Chunk[] = [];
  let first = entries[0]?.seq ?? 0;
  let lines: string[] = [];
  let length = 0;
  const close = () => {
    if (lines.length > 0) chunks.push({ key: chunkKey(node, first), value: encodeText(lines.join("\n")) });
  };
  for (const entry of entries) {
    const line = JSON.stringify(entry);
    const size = utf8Length(line) + 1;
    if (lines.length > 0 && length + size > CHUNK_BYTES) {
      close();
      [first, lines, length] = [entry.seq, [], 0];
    }
    lines.push(line);
    length += size;
  }
  close();
  return chunks;
}
