/**
 * The key-value port: bytes under keys, and atomic commits that check versions. The only file that knows
 * Deno KV's own types and errors. Values are always bytes, since Deno 2.4 cannot read what 2.9 structures.
 */
import { type Clock, within } from "../clock/clock.ts";
import { ApiError } from "../protocol/errors.ts";

export type Key = readonly (string | number)[];

export interface Entry {
  key: Key;
  value: Uint8Array;
  versionstamp: string;
}

export interface Commit {
  /** Versions that must still hold; null: the key must not exist. */
  checks?: { key: Key; versionstamp: string | null }[];
  sets?: { key: Key; value: Uint8Array }[];
  deletes?: Key[];
}

export type CommitResult = { ok: true; versionstamp: string } | { ok: false };

export interface KeyValue {
  get(key: Key): Promise<Entry | undefined>;
  /** Entries below `prefix`, in key order; `start` is the first key, `end` the first one left out. */
  list(
    range: { prefix: Key; start?: Key; end?: Key; reverse?: boolean; limit?: number },
  ): AsyncIterable<Entry>;
  commit(commit: Commit): Promise<CommitResult>;
  close(): void;
}

/** An operation that takes longer than this has failed, as far as its caller is concerned. */
const OPERATION_MS = 10_000;
const LIST_BATCH = 500;

const TOO_LATE = Symbol("too late");

/** The port over Deno KV. Errors are `ApiError`s: `DISK_SPACE_EXCEEDED`, `DATABASE_CONNECTION_ERROR`, `DATABASE_ERROR`. */
export function denoKeyValue(kv: Deno.Kv, clock: Clock): KeyValue {
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
    async *list({ prefix, start, end, reverse, limit }) {
      const selector = start && end
        ? { start, end }
        : start
        ? { prefix, start }
        : end
        ? { prefix, end }
        : { prefix };
      const iterator = kv.list<Uint8Array>(selector as Deno.KvListSelector, {
        reverse,
        limit,
        batchSize: LIST_BATCH,
      });
      for (;;) {
        const { done, value: entry } = await bounded("list", iterator.next());
        if (done) return;
        yield { key: entry.key as Key, value: entry.value, versionstamp: entry.versionstamp };
      }
    },
    commit({ checks = [], sets = [], deletes = [] }) {
      const atomic = kv.atomic();
      for (const { key, versionstamp } of checks) atomic.check({ key: key as Deno.KvKey, versionstamp });
      for (const { key, value } of sets) atomic.set(key as Deno.KvKey, value);
      for (const key of deletes) atomic.delete(key as Deno.KvKey);
      return bounded("commit", atomic.commit()) as Promise<CommitResult>;
    },
    close: () => kv.close(),
  };
}

function storeError(operation: string, error: unknown): ApiError {
  const reason = error instanceof Error ? error.message : String(error);
  if (/disk is full|disk full|no space/i.test(reason)) {
    return new ApiError("DISK_SPACE_EXCEEDED", "The disk that holds the store is full", {
      operation,
      reason,
    });
  }
  return new ApiError("DATABASE_ERROR", `The store failed: ${reason}`, { operation, reason });
}
