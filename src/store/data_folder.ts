/** The data folder: private to its owner, and one server's at a time. */
import { join } from "node:path";
import { type Clock, within } from "../clock/clock.ts";
import { ApiError } from "../protocol/errors.ts";

const LOCK_FILE = "server.lock";
/** A lock that is free is had at once; one that is not within this time is another server's. */
const LOCK_WAIT_MS = 300;

export interface FolderLock {
  release(): Promise<void>;
}

/** Creates the folder if need be (0700) and takes its lock, which the kernel gives back however we end. */
export async function lockFolder(folder: string, clock: Clock): Promise<FolderLock> {
  const path = join(folder, LOCK_FILE);
  let file: Deno.FsFile;
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    if (Deno.build.os !== "windows") await Deno.chmod(folder, 0o700);
    file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  } catch (error) {
    throw folderError(folder, error);
  }
  const locked = await within(clock, LOCK_WAIT_MS, file.lock(true).then(() => true), false);
  if (!locked) {
    const holder = (await Deno.readTextFile(path)).trim();
    throw new ApiError(
      "CONFIGURATION_ERROR",
      `The data folder ${folder} is in use by another server (pid ${holder || "unknown"}). ` +
        "Stop that one, or give this one a folder of its own with --data.",
      { folder, pid: Number(holder) || null },
    );
  }
  await file.truncate(0);
  await file.write(new TextEncoder().encode(String(Deno.pid)));
  await file.sync();
  return {
    async release() {
      await file.unlock();
      file.close();
    },
  };
}

function folderError(folder: string, error: unknown): ApiError {
  const reason = (error as Error).message;
  const denied = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable;
  return new ApiError(
    denied ? "FILE_PERMISSION_DENIED" : "FILESYSTEM_ERROR",
    `The data folder ${folder} cannot be used: ${reason}`,
    {
      file_path: folder,
      operation: "open",
      reason,
    },
  );
}

/** Gives every file in the folder to its owner alone. */
export async function makePrivate(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile) await Deno.chmod(join(folder, entry.name), 0o600);
  }
}
