/** The demo's temporary folder, and those that killed demos have left behind. */
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { getLogger } from "@logtape/logtape";
import { ApiError } from "../domain/errors.ts";
import { lockFile, lockHolder } from "./checks/folder.ts";

const log = getLogger(["opencode-agents", "demo"]);
const PREFIX = "opencode-agents-demo-";

/** The data folder inside. */
export const DEMO_DATA = ".data";

/** A lock file younger than this may belong to a server that is about to lock it. */
const YOUNG_MS = 60_000;

/** Makes a new folder, and removes those of demos whose server is dead. Throws `ApiError` if it cannot be made. */
export async function openDemoFolder(now_ms: number): Promise<string> {
  const folder = await newFolder();
  await removeDeadDemos(dirname(folder), now_ms).catch((error) => {
    // Leftover folders do no harm.
    log.debug("Folders of earlier demos stay: {error}", { error });
  });
  return folder;
}

/** Removes the folder. What cannot be removed now, a later demo removes. */
export async function removeDemoFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      log.warn("The demo's folder {folder} stays: {error}", { folder, error });
    }
  }
}

async function newFolder(): Promise<string> {
  // Deno takes an empty TMPDIR for the current folder.
  const dir = resolve(tmpdir());
  try {
    return await Deno.makeTempDir({ dir, prefix: PREFIX });
  } catch (error) {
    const reason = (error as Error).message;
    throw new ApiError(
      "FILESYSTEM_ERROR",
      `The demo's folder cannot be made in ${dir}: ${reason}. Name another temporary folder with TMPDIR.`,
      { file_path: dir, operation: "write", reason },
    );
  }
}

/** Removes only folders whose lock file no server holds; a folder without one may be a demo that is just starting. */
async function removeDeadDemos(parent: string, now_ms: number): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(parent)) {
    if (!isDirectory || !name.startsWith(PREFIX)) continue;
    const folder = join(parent, name);
    try {
      if (await isDead(join(folder, DEMO_DATA), now_ms)) await Deno.remove(folder, { recursive: true });
    } catch (error) {
      // Another user's.
      log.debug("The folder {folder} stays: {error}", { folder, error });
    }
  }
}

async function isDead(data: string, now_ms: number): Promise<boolean> {
  // Throws when there is none.
  const { mtime } = await Deno.lstat(lockFile(data));
  return now_ms - Number(mtime) > YOUNG_MS && await lockHolder(data) === undefined;
}
