/**
 * Checks the store's file before Deno KV opens it, because Deno KV ends the whole process at a damaged page. A file
 * that is refused is not changed.
 */
import type { DatabaseSync } from "node:sqlite";
import { getLogger } from "@logtape/logtape";
import { ApiError } from "../domain/errors.ts";
import { foreignStore, META_BLOB, requireKnownFormat } from "./identity.ts";

const log = getLogger(["opencode-agents", "store"]);

/** Up to this size a check takes a few hundredths of a second, so it runs at every start. */
const ALWAYS_CHECKED_BYTES = 32 << 20;
/** Up to this size a check takes a fraction of a second, so whoever asks for one gets it. */
const INSPECTED_BYTES = 256 << 20;
/** Beyond this size a check would take too long, even after a crash. */
const NEVER_CHECKED_BYTES = 8 * 2 ** 30;

/**
 * Throws `DATABASE_ERROR` if the file is damaged or not a store of this program, `CONFIGURATION_ERROR` if a newer
 * program wrote it. A large file is read completely only if it differs from the state that the last clean shutdown
 * recorded in `cleanMark`.
 */
export async function checkFile(path: string, cleanMark: string): Promise<void> {
  const mark = await takeMark(cleanMark);
  const state = await stateOf(path);
  if (state === undefined || state.size === 0) return;
  const isClean = mark === JSON.stringify(state);
  const isThorough = state.size <= ALWAYS_CHECKED_BYTES || (!isClean && state.size <= NEVER_CHECKED_BYTES);
  if (!isClean && !isThorough) {
    log.warn("{path} was not closed cleanly and is too large to be checked ({size} bytes)", {
      path,
      ...state,
    });
  }
  await requireSound(path, isThorough);
}

/**
 * Checks the file without opening the store, so the mark of a clean shutdown stays. Returns false if there is no file.
 */
export async function inspectFile(path: string): Promise<boolean> {
  const state = await stateOf(path);
  if (state === undefined || state.size === 0) return false;
  await requireSound(path, state.size <= INSPECTED_BYTES);
  return true;
}

async function requireSound(path: string, isThorough: boolean): Promise<void> {
  const verdict = await examine(path, isThorough);
  if (verdict === undefined) return;
  throw new ApiError(
    "DATABASE_ERROR",
    `The store ${path} is damaged or not a store of opencode-agents (${verdict}). Nothing in it was changed. ` +
      "Restore a backup with `opencode-agents restore FILE`, or start with an empty folder (--data).",
    { file_path: path, reason: verdict },
  );
}

/** Records the state of the file after a clean shutdown. */
export async function markClean(path: string, cleanMark: string): Promise<void> {
  await Deno.writeTextFile(cleanMark, JSON.stringify(await stateOf(path)), { mode: 0o600 });
}

/** Reads and removes the mark, which is valid for one start only. */
async function takeMark(cleanMark: string): Promise<string | undefined> {
  try {
    const mark = await Deno.readTextFile(cleanMark);
    await Deno.remove(cleanMark);
    return mark;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function stateOf(path: string): Promise<{ size: number; modified: number | null } | undefined> {
  try {
    const { size, mtime } = await Deno.stat(path);
    return { size, modified: mtime && mtime.getTime() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The problem of the file; undefined if there is none. */
async function examine(path: string, isThorough: boolean): Promise<string | undefined> {
  const sqlite = await import("node:sqlite").catch((error) => {
    log.warn("The store's file is not checked: node:sqlite is not available ({error})", { error });
  });
  if (!sqlite) return undefined;
  try {
    const database = new sqlite.DatabaseSync(path, { readOnly: true });
    try {
      const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
      if (tables.length > 0 && !tables.some(({ name }) => name === "kv")) return "another program's database";
      if (isThorough) {
        const verdict = Object.values(database.prepare("PRAGMA quick_check(1)").get() ?? {})[0];
        if (verdict !== "ok") return String(verdict);
      }
      if (tables.length > 0) requireOurs(database);
      return undefined;
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

/** Refuses a store of another format here, because Deno KV changes the file's bytes as soon as it opens it. */
function requireOurs(database: DatabaseSync): void {
  const meta = database.prepare("SELECT v FROM kv WHERE k = ?").get(META_BLOB);
  if (meta) requireKnownFormat(meta.v as Uint8Array);
  else if (database.prepare("SELECT 1 FROM kv LIMIT 1").get()) throw foreignStore();
}
