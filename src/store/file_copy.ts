/**
 * Copies of a store's file through SQLite itself: each holds one moment, also while a server writes. Row by row,
 * since Deno 2.4 has neither `backup` nor `VACUUM INTO`, and `backup` begins anew with every commit of a busy server.
 */
import type { DatabaseSync } from "node:sqlite";
import { ApiError } from "../domain/errors.ts";

/** A commit that is just being made is waited for this long. */
const BUSY_MS = 10_000;

/** What belongs to a store's file besides the file itself. */
export const COMPANIONS = ["-wal", "-shm", "-journal"] as const;

/**
 * Writes the store at `from`, as of now, to the new file `to`, its owner's alone, and reads the copy through before it
 * answers. On failure there is no `to`. Throws `ApiError`: `DATABASE_ERROR` when `from` is damaged or no store of
 * ours, `DISK_SPACE_EXCEEDED`, `FILE_PERMISSION_DENIED`, `FILESYSTEM_ERROR`.
 */
export async function copyStore(from: string, to: string): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  try {
    (await Deno.open(to, { write: true, createNew: true, mode: 0o600 })).close();
  } catch (error) {
    throw copyError(to, error);
  }
  try {
    const source = opened(from, () => new DatabaseSync(from, { readOnly: true }));
    try {
      refuseForeign(from, source);
      const target = new DatabaseSync(to);
      try {
        // Nobody reads it before it is whole, and a copy that was not finished is thrown away.
        target.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
        copyRows(source, target);
        requireSound(to, target, "integrity_check");
      } finally {
        target.close();
      }
    } finally {
      source.close();
    }
    const file = await Deno.open(to, { read: true, write: true });
    await file.syncData();
    file.close();
  } catch (error) {
    await Deno.remove(to);
    throw copyError(from, error);
  }
}

/** Takes what stands in the write-ahead log into the file, which is then the whole store. Nobody may have it open. */
export async function foldIn(path: string): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  try {
    const database = opened(path, () => new DatabaseSync(path));
    try {
      database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
      database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
      database.prepare("PRAGMA journal_mode = DELETE").all();
    } finally {
      database.close();
    }
  } catch (error) {
    throw copyError(path, error);
  }
}

function opened(path: string, open: () => DatabaseSync): DatabaseSync {
  // SQLite says no more than that it cannot open it.
  Deno.statSync(path);
  return open();
}

function refuseForeign(path: string, source: DatabaseSync): void {
  source.exec(`PRAGMA busy_timeout = ${BUSY_MS}; BEGIN`);
  const tables = source.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (tables.some(({ name }) => name === "kv")) return requireSound(path, source, "quick_check");
  throw damaged(path, tables.length === 0 ? "it is empty" : "another program's database");
}

function requireSound(path: string, database: DatabaseSync, check: "quick_check" | "integrity_check"): void {
  const verdict = Object.values(database.prepare(`PRAGMA ${check}(1)`).get() ?? {})[0];
  if (verdict !== "ok") throw damaged(path, String(verdict));
}

/** `source` is in a transaction, so that all its tables are of one moment. */
function copyRows(source: DatabaseSync, target: DatabaseSync): void {
  const schema = source.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").all();
  target.exec("BEGIN");
  for (const { sql } of schema.filter(({ type }) => type === "table")) target.exec(String(sql));
  for (const { name } of schema.filter(({ type }) => type === "table")) {
    const table = `"${String(name).replaceAll('"', '""')}"`;
    const rows = source.prepare(`SELECT * FROM ${table}`);
    // Versions are 64 bits wide.
    rows.setReadBigInts(true);
    let insert: ReturnType<DatabaseSync["prepare"]> | undefined;
    for (const row of rows.iterate()) {
      const values = Object.values(row as Record<string, Uint8Array | string | bigint | null>);
      insert ??= target.prepare(`INSERT INTO ${table} VALUES (${values.map(() => "?").join(", ")})`);
      insert.run(...values);
    }
  }
  for (const { sql } of schema.filter(({ type }) => type === "index")) target.exec(String(sql));
  target.exec("COMMIT");
}

function damaged(path: string, reason: string): ApiError {
  return new ApiError("DATABASE_ERROR", `${path} is damaged or not a store of opencode-agents (${reason})`, {
    file_path: path,
    reason,
  });
}

function copyError(path: string, error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const details = { file_path: path, reason };
  if (/disk is full|no space|quota/i.test(reason)) {
    return new ApiError(
      "DISK_SPACE_EXCEEDED",
      "There is not enough space for the copy; nothing was changed",
      details,
    );
  }
  if (/malformed|not a database|encrypted/i.test(reason)) return damaged(path, reason);
  const denied = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable;
  return new ApiError(denied ? "FILE_PERMISSION_DENIED" : "FILESYSTEM_ERROR", `${path}: ${reason}`, details);
}
