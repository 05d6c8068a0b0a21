/**
 * A node's feed: the records that each of its commits has changed, for the other nodes that share the store. An entry
 * is written in the same commit as the change, under the node's name and an increasing number. The commit also sets a
 * key that all nodes watch. It does so without a check, so that this never causes a conflict.
 */
import * as z from "zod";
import { Actor } from "../domain/actor.ts";
import type { Changed } from "./group_commit.ts";
import { decode, encode } from "./json.ts";
import type { Commit, Key, KeyValue } from "./kv/kv.ts";

const FEED: Key = ["feed"];
/** The key that changes with every commit of every node. */
export const BELL: Key = ["bell"];

/** How many entries are kept. A node that is further behind reads all records again. */
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

  /** Continues after the last entry of the node's earlier runs, and removes entries that are too old. */
  async begin(kv: KeyValue): Promise<void> {
    this.#next = await lastOf(kv, this.#node) + 1;
    // A number whose commit failed has not removed an old entry, so some may be left.
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

  /** The mutations to add to the commit that changes these records. */
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

/** The number of the node's last entry; 0 if there is none. */
export async function lastOf(kv: KeyValue, node: string): Promise<number> {
  for await (const { key } of kv.list({ prefix: [...FEED, node], reverse: true, limit: 1 })) {
    return key[2] as number;
  }
  return 0;
}

export interface FeedEntry {
  node: string;
  seq: number;
  /** The version of the commit. It orders the entries of all nodes. */
  versionstamp: string;
  changed: Changed[];
}

/** The version of the newest commit of any node. The feeds contain all commits up to it. */
export async function newestCommit(kv: KeyValue): Promise<string> {
  return (await kv.get(BELL))?.versionstamp ?? "";
}

/** The entries of the node's feed after this number, up to that commit. */
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
