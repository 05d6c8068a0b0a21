/** All entries of the log. Those of several nodes are merged by time. Memory does not grow with the log. */
import type { LogEntry } from "../domain/log_entry.ts";
import type { KeyValue } from "./kv/kv.ts";
import { decodeText } from "./log_chunk.ts";
import { entryOfLine } from "./log_line.ts";
import { chunkKey, HEADS, placeOf } from "./log_keys.ts";

/** Chunks per read. They have up to 60 KB each. */
const BATCH = 20;

export async function* logEntries(kv: KeyValue): AsyncGenerator<LogEntry> {
  const nodes = new Set<string>();
  for await (const { key } of kv.list({ prefix: HEADS })) nodes.add(placeOf(key).node);
  // By name, which orders entries of the same time, as in a query.
  const logs = [...nodes].sort().map((node) => entriesOf(kv, node));
  const heads = await Promise.all(logs.map(async (log) => (await log.next()).value as LogEntry | undefined));
  for (;;) {
    let first = -1;
    for (const [i, entry] of heads.entries()) {
      if (entry && (first < 0 || entry.time < heads[first]!.time)) first = i;
    }
    if (first < 0) return;
    yield heads[first]!;
    heads[first] = (await logs[first]!.next()).value as LogEntry | undefined;
  }
}

async function* entriesOf(kv: KeyValue, node: string): AsyncGenerator<LogEntry> {
  const range = { start: chunkKey(node, 0), end: chunkKey(node, Number.MAX_SAFE_INTEGER), batch: BATCH };
  for await (const { value } of kv.list({ prefix: [], ...range })) {
    for (const text of decodeText(value).split("\n")) yield entryOfLine(text);
  }
}
