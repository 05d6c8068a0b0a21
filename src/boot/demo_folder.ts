/** The demo's temporary folder, and those that killed demos have left behind. */
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { lockFile, lockHolder } from "./checks/folder.ts";

const log = getLogger(["opencode-agents", "demo"]);
const PREFIX = "opencode-agents-demo-";

/** The data folder inside. */
export const DEMO_DATA = ".data";

/** A lock file younger than this may belong to a server that is about to lock it. */
const YOUNG_MS = 60_000;

/** Makes a new folder, and removes those of demos whose server is dead. */
export async function openDemoFolder(now_ms: number): Promise<string> {
  // Deno takes an empty TMPDIR for the current folder.
  const folder = await Deno.makeTempDir({ dir: tmpdir(), prefix: PREFIX });
  await removeDeadDemos(dirname(folder), now_ms).catch((error) => {
    // Leftover folders do no harm.
    log.debug("Folders of earlier demos stay: {error}", { error });
  });
  return folder;
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
