/** Key-value ports that tests look into or make fail. */
import type { Commit, CommitResult, KeyValue } from "../../src/store/kv/kv.ts";
import { MemoryKeyValue } from "../../src/store/kv/memory_kv.ts";

export interface Tapped extends KeyValue {
  readonly memory: MemoryKeyValue;
  /** Every commit that was sent, in order. */
  readonly sent: Commit[];
  /** Stands between a commit and the store; answers instead of it when it answers anything. */
  before: (commit: Commit) => Promise<CommitResult | undefined> | undefined;
  /** Stands between the store's answer and its caller. */
  after: (commit: Commit, result: CommitResult) => Promise<void> | void;
}

export function tapped(memory = new MemoryKeyValue()): Tapped {
  const kv: Tapped = {
    memory,
    sent: [],
    before: () => undefined,
    after: () => {},
    get: (key) => memory.get(key),
    list: (range) => memory.list(range),
    watch: (key, changed) => memory.watch(key, changed),
    close: () => memory.close(),
    async commit(commit) {
      kv.sent.push(commit);
      const instead = await kv.before(commit);
      if (instead) return instead;
      const result = await memory.commit(commit);
      await kv.after(commit, result);
      return result;
    },
  };
  return kv;
}

/** A gate that commits wait at until it is opened. */
export function gate(): { closed: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { closed: promise, open: resolve };
}
