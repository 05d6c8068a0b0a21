/**
 * Looks at the store's file before Deno KV does, which ends the whole process when it meets a damaged page.
 * What is refused is not touched.
 */
import type { DatabaseSync } from "node:sqlite";
import { getLogger } from "@logtape/logtape";
import { ApiError } from "../domain/errors.ts";
import { foreignStore, META_BLOB, requireKnownFormat } from "./identity.ts";

const log = getLogger(["opencode-agents", "store"]);

/** Up to here a check takes a fraction of a second, so it is made at every start. */
const ALWAYS_CHECKED_BYTES = 256 << 20;
/** Beyond this it would take too long even after a crash. */
const NEVER_CHECKED_BYTES = 8 * 2 ** 30;

/**
 * Throws `DATABASE_ERROR` when the file is damaged or no store of ours, `CONFIGURATION_ERROR` when a newer program
 * wrote it. A large file is read through only when it
 * is not as the last clean shutdown left it, which `cleanMark` says.
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

/** The same for one who does not mean to open it, so the mark of a clean shutdown stays; false when there is none. */
export async function inspectFile(path: string): Promise<boolean> {
  const state = await stateOf(path);
  if (state === undefined || state.size === 0) return false;
  await requireSound(path, state.size <= ALWAYS_CHECKED_BYTES);
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

/** Notes how a clean shutdown leaves the file. */
export async function markClean(path: string, cleanMark: string): Promise<void> {
  await Deno.writeTextFile(cleanMark, JSON.stringify(await stateOf(path)), { mode: 0o600 });
}

/** The mark holds for one start only. */
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

/** What is wrong with the file, if anything. */
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

/** Once Deno KV has opened the file, its bytes are no longer the same; so what is not for us is refused before. */
function requireOurs(database: DatabaseSync): void {
  const meta = database.prepare("SELECT v FROM kv WHERE k = ?").get(META_BLOB);
  if (meta) requireKnownFormat(meta.v as Uint8Array);
  else if (database.prepare("SELECT 1 FROM kv LIMIT 1").get()) throw foreignStore();
}
