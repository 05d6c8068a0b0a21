/**
 * The key-value port: bytes under keys, and atomic commits that check versions. The only file that uses Deno KV's own
 * types and errors. Values are always bytes, because Deno 2.4 cannot read structured values of 2.9.
 */
import { type Clock, within } from "../../clock/clock.ts";
import { getLogger } from "@logtape/logtape";
import { ApiError } from "../../domain/errors.ts";

const log = getLogger(["opencode-agents", "store"]);

export type Key = readonly (string | number)[];

export interface Entry {
  key: Key;
  value: Uint8Array;
  versionstamp: string;
}

export interface Commit {
  /** Versions that keys must still have. null: the key must not exist. */
  checks?: { key: Key; versionstamp: string | null }[];
  sets?: { key: Key; value: Uint8Array }[];
  deletes?: Key[];
}

export type CommitResult = { ok: true; versionstamp: string } | { ok: false };

export interface KeyValue {
  /** The most checks of commits that are to share one; `ATOMIC_CHECKS_MAX` by default. A single commit may always have as many as that. */
  readonly checks_max?: number;
  get(key: Key): Promise<Entry | undefined>;
  list(range: Range): AsyncIterable<Entry>;
  commit(commit: Commit): Promise<CommitResult>;
  /** Calls `changed` soon after each change of the key by any node, until the returned function is called. */
  watch(key: Key, changed: () => void): () => void;
  /** Idempotent. */
  close(): void;
}

/** The entries under `prefix`, in key order. `start`: the first key. `end`: the first key that is left out. */
export interface Range {
  prefix: Key;
  start?: Key;
  end?: Key;
  reverse?: boolean;
  limit?: number;
  /** Entries fetched at once, at most 1000. Each batch is read at one moment, but different batches may not be. */
  batch?: number;
}

/** The limits of Deno KV for one value and for one atomic operation. */
export const VALUE_BYTES_MAX = 65_536;
export const ATOMIC_CHECKS_MAX = 100;
/** The most checks that a remote store takes at once. */
export const REMOTE_CHECKS_MAX = 10;
export const ATOMIC_MUTATIONS_MAX = 1_000;
export const ATOMIC_BYTES_MAX = 800 << 10;
export const ATOMIC_KEY_BYTES_MAX = 80 << 10;

/** After this time an operation fails for its caller. */
const OPERATION_MS = 10_000;
const LIST_BATCH = 1_000;

const TOO_LATE = Symbol("too late");

/**
 * The port over Deno KV. Errors are `ApiError`s: `DISK_SPACE_EXCEEDED`, `DATABASE_CONNECTION_ERROR`, `DATABASE_ERROR`.
 */
export function denoKeyValue(kv: Deno.Kv, clock: Clock): KeyValue {
  let isClosed = false;
  const bounded = async <T>(operation: string, promise: Promise<T>): Promise<T> => {
    let result: T | typeof TOO_LATE;
    try {
      result = await within(clock, OPERATION_MS, promise, TOO_LATE);
    } catch (error) {
      throw storeError(operation, error);
    }
    if (result !== TOO_LATE) return result as T;
    throw new ApiError("DATABASE_CONNECTION_ERROR", "The store does not answer", {
      operation,
      connection_timeout_ms: OPERATION_MS,
    });
  };
  return {
    async get(key) {
      const { value, versionstamp } = await bounded("get", kv.get<Uint8Array>(key as Deno.KvKey));
      return value === null || versionstamp === null ? undefined : { key, value, versionstamp };
    },
    async *list({ prefix, start, end, reverse, limit, batch = LIST_BATCH }) {
      const iterator = kv.list<Uint8Array>(selectorOf(prefix, start, end), {
        reverse,
        limit,
        batchSize: batch,
      });
      // The bound applies to a batch. A bound for each entry would cost more than the read.
      const nextBatch = async () => {
        const entries: Entry[] = [];
        while (entries.length < batch) {
          const { done, value: entry } = await iterator.next();
          if (done) break;
          entries.push({ key: entry.key as Key, value: entry.value, versionstamp: entry.versionstamp });
        }
        return entries;
      };
      for (;;) {
        const entries = await bounded("list", nextBatch());
        yield* entries;
        if (entries.length < batch) return;
      }
    },
    commit({ checks = [], sets = [], deletes = [] }) {
      const send = async () => {
        const atomic = kv.atomic();
        for (const { key, versionstamp } of checks) atomic.check({ key: key as Deno.KvKey, versionstamp });
        for (const { key, value } of sets) atomic.set(key as Deno.KvKey, value);
        for (const key of deletes) atomic.delete(key as Deno.KvKey);
        return await atomic.commit() as CommitResult;
      };
      return bounded("commit", send());
    },
    watch(key, changed) {
      const reader = kv.watch([key as Deno.KvKey]).getReader();
      void follow(reader, changed);
      // Errors after the end of the watch do not matter.
      return () => void reader.cancel().catch(() => {});
    },
    close() {
      if (!isClosed) kv.close();
      isClosed = true;
    },
  };
}

/** Runs until the watch or the store is closed. Missed changes are found later, because callers also poll. */
async function follow(reader: ReadableStreamDefaultReader<unknown>, changed: () => void): Promise<void> {
  try {
    // The first result is the current state of the key.
    await reader.read();
    while (!(await reader.read()).done) changed();
  } catch (error) {
    log.debug("A key is watched no more: {error}", { error });
  }
}

function selectorOf(prefix: Key, start: Key | undefined, end: Key | undefined): Deno.KvListSelector {
  const selector = start && end ? { start, end } : { prefix, ...(start && { start }), ...(end && { end }) };
  return selector as Deno.KvListSelector;
}

function storeError(operation: string, error: unknown): ApiError {
  const reason = error instanceof Error ? error.message : String(error);
  if (/disk is full|disk full|no space/i.test(reason)) {
    return new ApiError("DISK_SPACE_EXCEEDED", "The disk that holds the store is full", {
      operation,
      reason,
    });
  }
  if (/database is (locked|busy)/i.test(reason)) {
    return new ApiError("DATABASE_CONNECTION_ERROR", "Another program holds the store", {
      operation,
      reason,
    });
  }
  return new ApiError("DATABASE_ERROR", `The store failed: ${reason}`, { operation, reason });
}
