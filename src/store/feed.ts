/**
 * A node's feed: which records each of its commits has changed, for the other nodes that share the store. An entry is
 * written in the same commit as the change, under the node's own name and a number that rises. A key that all nodes
 * watch is set besides, without a check, so that it never stands in the way of anybody.
 */
import { z } from "zod";
import { Actor } from "../domain/actor.ts";
import type { Changed } from "./group_commit.ts";
import { decode, encode } from "./json.ts";
import type { Commit, Key, KeyValue } from "./kv/kv.ts";

const FEED: Key = ["feed"];
/** Changes with every commit of every node. */
export const BELL: Key = ["bell"];

/** Older entries go. Whoever is further behind reads all records again. */
export const FEED_KEPT = 10_000;
const DELETED_AT_ONCE = 500;

const Entry = z.array(z.tuple([z.string(), z.string(), Actor]));

function entryKey(node: string, seq: number): Key {
  return [...FEED, node, seq];
}

export class FeedWriter {
  readonly #node: string;
  #next = 1;

  constructor(node: string) {
    this.#node = node;
  }

  /** Goes on after the last entry of an earlier life, and removes what is too old. */
  async begin(kv: KeyValue): Promise<void> {
    this.#next = await lastOf(kv, this.#node) + 1;
    // An entry whose number came to nothing has taken none of the old ones with it.
    const old: Key[] = [];
    const end = entryKey(this.#node, Math.max(1, this.#next - FEED_KEPT));
    for await (
      const { key } of kv.list({ prefix: [...FEED, this.#node], start: entryKey(this.#node, 1), end })
    ) {
      old.push(key);
    }
    for (let at = 0; at < old.length; at += DELETED_AT_ONCE) {
      await kv.commit({ deletes: old.slice(at, at + DELETED_AT_ONCE) });
    }
  }

  /** What belongs into the commit that changes these records. */
  entry(changed: readonly Changed[]): Required<Commit> {
    const seq = this.#next++;
    const deletes = seq > FEED_KEPT ? [entryKey(this.#node, seq - FEED_KEPT)] : [];
    const sets = [
      { key: entryKey(this.#node, seq), value: encode(changed) },
      { key: BELL, value: encode([this.#node, seq]) },
    ];
    return { checks: [], sets, deletes };
  }
}

/** The number of the node's last entry; 0 when there is none. */
export async function lastOf(kv: KeyValue, node: string): Promise<number> {
  for await (const { key } of kv.list({ prefix: [...FEED, node], reverse: true, limit: 1 })) {
    return key[2] as number;
  }
  return 0;
}

export interface FeedEntry {
  node: string;
  seq: number;
  /** Of the commit: which of two entries, of any nodes, came first. */
  versionstamp: string;
  changed: Changed[];
}

/** The version of the newest commit of any node: all that were made until then are in the feeds. */
export async function newestCommit(kv: KeyValue): Promise<string> {
  return (await kv.get(BELL))?.versionstamp ?? "";
}

/** What the node's feed says after this entry, until that commit. */
export async function readFeed(
  kv: KeyValue,
  node: string,
  after: number,
  until: string,
): Promise<FeedEntry[]> {
  const entries: FeedEntry[] = [];
  for await (
    const { key, value, versionstamp } of kv.list({
      prefix: [...FEED, node],
      start: entryKey(node, after + 1),
      end: entryKey(node, Number.MAX_SAFE_INTEGER),
    })
  ) {
    if (versionstamp > until) break;
    entries.push({ node, seq: key[2] as number, versionstamp, changed: Entry.parse(decode(value)) });
  }
  return entries;
}
