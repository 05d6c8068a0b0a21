/** Finds the repository that a folder is in, as git does, but without running git. */
import { dirname, join } from "node:path";

/** Deeper than any path can be. */
const LEVELS_MAX = 4096;

/**
 * The root of the working tree that contains the folder, with symbolic links resolved; the folder itself if it is in no
 * repository. A linked worktree, a submodule and a repository inside another one have roots of their own. Throws the
 * system's error if the folder is not there.
 */
export async function repositoryRoot(folder: string): Promise<string> {
  const real = await Deno.realPath(folder);
  for (let at = real, level = 0; level < LEVELS_MAX; level++) {
    if (await isRepository(join(at, ".git"))) return at;
    const above = dirname(at);
    if (above === at) break;
    at = above;
  }
  return real;
}

/** Whether the folder is in the working tree of a repository. */
export async function isInRepository(folder: string): Promise<boolean> {
  try {
    return await isRepository(join(await repositoryRoot(folder), ".git"));
  } catch {
    return false;
  }
}

/** A folder that is merely called `.git` is none, for git either. A file there says where the repository is. */
async function isRepository(path: string): Promise<boolean> {
  const found = await kindOf(path);
  return found === "folder" ? await kindOf(join(path, "HEAD")) !== undefined : found === "file";
}

/** Undefined if nothing is there, or nothing that this account may see. */
async function kindOf(path: string): Promise<"folder" | "file" | undefined> {
  try {
    return (await Deno.stat(path)).isDirectory ? "folder" : "file";
  } catch {
    return undefined;
  }
}
