/** The keys of the log in the store. The keys of the first node have no name, like those of earlier versions. */
import type { Key } from "./kv/kv.ts";
import { FIRST_NODE } from "./node_lease.ts";

const CHUNKS: Key = ["log", "chunk"];
export const HEADS: Key = ["log", "head"];
const SEARCH_TEXTS: Key = ["log", "text"];
const TAIL: Key = ["log", "tail"];

function ofNode(prefix: Key, node: string): Key {
  return node === FIRST_NODE ? prefix : [...prefix, node];
}

export function chunkKey(node: string, chunk: number): Key {
  return [...ofNode(CHUNKS, node), chunk];
}

export function headKey(node: string, chunk: number): Key {
  return [...ofNode(HEADS, node), chunk];
}

export function searchTextKey(node: string, chunk: number): Key {
  return [...ofNode(SEARCH_TEXTS, node), chunk];
}

/** The key for the place where a node's log continues after retention has dropped all of it. */
export function tailKey(node: string): Key {
  return ofNode(TAIL, node);
}

/** The node and the number in the key of a chunk, a head or a search text. */
export function placeOf(key: Key): { node: string; chunk: number } {
  const node = key[2];
  return { node: typeof node === "string" ? node : FIRST_NODE, chunk: key.at(-1) as number };
}
