/** The state of a working tree as a git tree, with files that are not committed or not even added. Its index stays as it is. */
import { join } from "node:path";
import type { Git, GitOptions } from "../git.ts";
import type { PlainRepository } from "./plain_repository.ts";

export interface WorkTree {
  git_dir: string;
  common_dir: string;
  work_tree: string;
}

/** Returns the tree's id. Its new objects are written to `plain`. Ignored files are left out. */
export async function treeOfFolder(
  git: Git,
  plain: PlainRepository,
  place: WorkTree,
  head: string,
): Promise<string> {
  const index = join(plain.folder, "index");
  const options: GitOptions = { index, env: plain.writingHere };
  if (!await copyIndex(join(place.git_dir, "index"), index)) {
    await git.run(place, ["read-tree", head], options);
  }
  // Files that are assumed to be unchanged are looked at too. Exit code 1: some have changed.
  await git.run(place, ["update-index", "-q", "--really-refresh"], { ...options, accepts: [1] });
  // Exit code 1: what cannot be read is left out, and so are repositories without a commit.
  await git.run(place, ["add", "--all", "--ignore-errors", "--", ":/"], { ...options, accepts: [1] });
  return await git.line(place, ["write-tree"], options);
}

/**
 * Returns false if there is none. A file that was written in the same second as the index may have changed since, although
 * its times are the same. git knows such files by the time of the index, so the copy is never newer.
 */
async function copyIndex(from: string, to: string): Promise<boolean> {
  try {
    const { mtime } = await Deno.stat(from);
    await Deno.copyFile(from, to);
    const seconds = mtime === null ? 1 : Math.floor(mtime.getTime() / 1000);
    await Deno.utime(to, seconds, seconds);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
