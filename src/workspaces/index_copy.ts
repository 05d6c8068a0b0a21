/** A copy of a working tree's index, to find out with what a real one would say. The original is only read. */
import { join } from "node:path";
import type { Git } from "./git.ts";
import type { WorkingTree } from "./working_trees.ts";

export interface IndexCopy {
  file: string;
  remove(): Promise<void>;
}

/** `room`: a folder for temporary files. A working tree that has no index yet gives an empty one. */
export async function copyIndex({ git_dir }: WorkingTree, room: string): Promise<IndexCopy> {
  await Deno.mkdir(room, { recursive: true, mode: 0o700 });
  const folder = await Deno.makeTempDir({ dir: room, prefix: "index-" });
  const file = join(folder, "index");
  await copyIndexFile(join(git_dir, "index"), file);
  return { file, remove: () => Deno.remove(folder, { recursive: true }) };
}

/**
 * Returns false if there is none. git trusts what it knows of a file only if the file is older than the index, so the copy is
 * never newer.
 */
export async function copyIndexFile(from: string, to: string): Promise<boolean> {
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

/** Compares the files with the index anew. What differs is no failure. */
export async function refresh(git: Git, tree: WorkingTree, index?: string): Promise<void> {
  await git.run(placeOf(tree), ["update-index", "-q", "--ignore-missing", "--refresh"], {
    index,
    accepts: [1],
  });
}

export function placeOf({ path, git_dir }: WorkingTree) {
  return { git_dir, work_tree: path };
}

/** The working tree's index becomes that of its new commit, unless another git takes hold of it meanwhile. */
export async function installIndex(index: string, git_dir: string): Promise<void> {
  const lock = join(git_dir, "index.lock");
  try {
    const file = await Deno.open(lock, { write: true, createNew: true });
    file.close();
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    throw error;
  }
  try {
    await copyIndexFile(index, lock);
    await Deno.rename(lock, join(git_dir, "index"));
  } catch (error) {
    await Deno.remove(lock).catch(() => {});
    throw error;
  }
}
