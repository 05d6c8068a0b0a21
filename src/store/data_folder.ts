/** The data folder: private to its owner, and used by one server at a time. */
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { type Clock, within } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";

const log = getLogger(["opencode-agents", "store"]);

const LOCK_FILE = "server.lock";
/** A free lock is acquired at once. If that takes longer than this, another server holds it. */
const LOCK_WAIT_MS = 300;

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Creates the folder (0700) if it does not exist, and takes its lock. The kernel releases the lock however the process
 * ends. Throws `ApiError`: `CONFIGURATION_ERROR` with the `pid` of the holder, `FILE_PERMISSION_DENIED`,
 * `FILESYSTEM_ERROR`.
 */
export async function lockFolder(folder: string, clock: Clock): Promise<FolderLock> {
  const path = join(folder, LOCK_FILE);
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    if (Deno.build.os !== "windows") await Deno.chmod(folder, 0o700);
    const file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
    if (!await takeLock(file, clock)) throw heldBy(folder, (await Deno.readTextFile(path)).trim());
    await file.truncate(0);
    await file.write(new TextEncoder().encode(String(Deno.pid)));
    return {
      async release() {
        try {
          // So that a dead pid is never named as the holder.
          await file.truncate(0);
          await file.unlock();
        } catch (error) {
          log.warn("The lock file {path} keeps this server's pid: {error}", { path, error });
        } finally {
          // Which gives up the lock in any case.
          file.close();
        }
      },
    };
  } catch (error) {
    throw error instanceof ApiError ? error : folderError(folder, error);
  }
}

/** Returns whether the lock was acquired. If not, the file is closed. */
async function takeLock(file: Deno.FsFile, clock: Clock): Promise<boolean> {
  // Deno 2.4 has only a lock call that waits.
  const { tryLock } = file as { tryLock?: (exclusive: boolean) => Promise<boolean> };
  if (tryLock) {
    const isOurs = await tryLock.call(file, true);
    if (!isOurs) file.close();
    return isOurs;
  }
  const waiting = file.lock(true).then(() => true);
  if (await within(clock, LOCK_WAIT_MS, waiting, false)) return true;
  // The lock may still be acquired when the other server ends. Then it is released at once.
  waiting.then(() => file.close(), (error) => log.debug("Gave the lock up: {error}", { error }));
  return false;
}

function heldBy(folder: string, pid: string): ApiError {
  return new ApiError(
    "PROCESS_ALREADY_EXISTS",
    `The data folder ${folder} is in use by another server (pid ${pid || "unknown"}). ` +
      "Stop that one, or give this one a folder of its own with --data.",
    { folder, pid: Number(pid) || null },
  );
}

/** That the folder cannot be used, and why. */
export function folderError(folder: string, error: unknown): ApiError {
  const reason = error instanceof Error ? error.message : String(error);
  const denied = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable;
  return new ApiError(
    denied ? "FILE_PERMISSION_DENIED" : "FILESYSTEM_ERROR",
    `The data folder ${folder} cannot be used: ${reason}. Name another one with --data.`,
    { file_path: folder, operation: "open", reason },
  );
}

/** Creates the file, private to its owner, if it does not exist. SQLite gives its -wal and -shm the same mode. */
export async function createPrivate(path: string): Promise<void> {
  (await Deno.open(path, { append: true, create: true, mode: 0o600 })).close();
}

/** Makes every file in the folder private to its owner. */
export async function makePrivate(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile) await Deno.chmod(join(folder, entry.name), 0o600);
  }
}
