/** Whether the data folder can be used. */
import { dirname, join } from "node:path";
import type { Finding } from "./finding.ts";

/** The file that a server on the folder keeps locked. */
export const lockFile = (folder: string) => join(folder, "server.lock");

export async function checkFolder(folder: string): Promise<Finding> {
  const what = "data folder";
  try {
    if (!(await Deno.stat(folder)).isDirectory) {
      return { what, state: "bad", found: `${folder} is no folder` };
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return unusable(folder, error);
    return await checkParent(folder);
  }
  try {
    const probe = await Deno.makeTempFile({ dir: folder, prefix: ".doctor-" });
    await Deno.remove(probe);
  } catch (error) {
    return unusable(folder, error);
  }
  const pid = await lockHolder(folder);
  if (pid === undefined) {
    return { what, state: "ok", found: `${folder}, writable and free`, details: { folder } };
  }
  return {
    what,
    state: "ok",
    found: `${folder}, in use by our server (pid ${pid})`,
    advice: "Use that server, or stop it; a second one needs a folder of its own (--data).",
    details: { folder, pid },
  };
}

async function checkParent(folder: string): Promise<Finding> {
  for (let parent = dirname(folder);; parent = dirname(parent)) {
    try {
      const probe = await Deno.makeTempFile({ dir: parent, prefix: ".doctor-" });
      await Deno.remove(probe);
      return { what: "data folder", state: "ok", found: `${folder}, will be created`, details: { folder } };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound && parent !== dirname(parent)) continue;
      return unusable(folder, error);
    }
  }
}

function unusable(folder: string, error: unknown): Finding {
  return {
    what: "data folder",
    state: "bad",
    found: `${folder} cannot be used: ${(error as Error).message}`,
    advice: "Choose another one with --data or OPENCODE_AGENTS_DATA.",
    details: { folder },
  };
}

/** The pid of the server that holds the folder's lock. The file alone does not count: a dead server leaves its file. */
export async function lockHolder(folder: string): Promise<number | undefined> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(lockFile(folder), { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    // Deno 2.4 has only a lock call that waits. There the pid in the file must do; a clean shutdown empties the file.
    const { tryLock } = file as { tryLock?: (exclusive: boolean) => Promise<boolean> };
    if (tryLock && await tryLock.call(file, true)) {
      await file.unlock();
      return undefined;
    }
    return Number(await Deno.readTextFile(lockFile(folder))) || (tryLock ? 0 : undefined);
  } finally {
    file.close();
  }
}
