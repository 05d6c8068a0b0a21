/**
 * Copies a store's file through SQLite, so that a copy is of one moment even while a server writes. It copies row by
 * row: Deno 2.4 has neither `backup` nor `VACUUM INTO`, and `backup` starts over with every commit of a busy server.
 */
import type { DatabaseSync } from "node:sqlite";
import { ApiError } from "../domain/errors.ts";

/** How long to wait for a commit that is under way. */
const BUSY_MS = 10_000;

/** The suffixes of the files that belong to a store's file. */
export const COMPANIONS = ["-wal", "-shm", "-journal"] as const;

/**
 * Copies the store at `from` to the new file `to`, which is private to its owner, and checks the whole copy. On failure
 * there is no `to`. Throws `ApiError`: `DATABASE_ERROR` if `from` is damaged or not a store of this program,
 * `DISK_SPACE_EXCEEDED`, `FILE_PERMISSION_DENIED`, `FILESYSTEM_ERROR`.
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
        // Nobody reads the copy before it is complete, and an incomplete copy is deleted.
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

/** Moves the content of the write-ahead log into the file, which is then the whole store. Nobody may have it open. */
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
  // SQLite only says that it cannot open the file. This throws the reason.
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

/** `source` is in a transaction, so that all tables are read at one moment. */
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
