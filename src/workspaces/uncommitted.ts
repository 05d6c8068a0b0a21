/**
 * Finds what in a working tree would be lost or mixed up if its branch moved: uncommitted changes, staged or not, also of
 * files that git was told to take for unchanged, and untracked or ignored files that are in the way. Nothing is changed.
 */
import { dirname, join } from "node:path";
import { factsOf } from "./file_facts.ts";
import type { Git } from "./git.ts";
import { copyIndex, placeOf, refresh } from "./index_copy.ts";
import { isReplaced, rawFields, readable } from "./raw_paths.ts";
import { PathSet, type TreeChange } from "./tree_changes.ts";
import type { Obstacle, WorkingTree } from "./working_trees.ts";

/** How many files of a folder in the way are looked at. */
const LOOKED_MAX = 10_000;

/** `from`, `to`: commits; `changes`: what differs between them. Undefined if the working tree can follow. */
export async function uncommittedObstacle(
  git: Git,
  tree: WorkingTree,
  from: string,
  to: string,
  changes: readonly TreeChange[],
  room: string,
): Promise<Obstacle | undefined> {
  const place = placeOf(tree);
  const copy = await copyIndex(tree, room);
  try {
    const options = { index: copy.file };
    const touched = new PathSet(changes.map(({ path }) => path));
    await unflag(git, tree, copy.file, touched);
    await refresh(git, tree, copy.file);
    const listed = async (...args: string[]) =>
      await git.fields(place, [...args, "-z", "--name-only", "--no-renames", "--no-ext-diff"], options);
    const dirty = [
      ...await listed("diff-files"),
      ...await listed("diff-index", "--cached", from),
    ].filter((path) => touched.meets(path));
    const files = [
      ...new Set([
        ...dirty,
        ...await inTheWay(tree, changes),
        ...await unnamedInTheWay(git, tree, from, to, changes),
      ]),
    ]
      .sort();
    if (files.length > 0) {
      return { files, why: `${tree.path} has uncommitted work in files that would change` };
    }
    // git itself has the last word, without carrying it out.
    const tried = await git.run(place, ["read-tree", "-n", "-m", "-u", from, to], {
      ...options,
      accepts: [1, 128],
    });
    if (tried.code === 0) return undefined;
    return {
      files: namedFiles(tried.stderr),
      why: `git cannot bring ${tree.path} up to date: ${tried.stderr.trim()}`,
    };
  } finally {
    await copy.remove();
  }
}

/** In the copy, files that git was told not to look at are looked at, if they are there and would change. */
async function unflag(git: Git, tree: WorkingTree, index: string, touched: PathSet): Promise<void> {
  const place = placeOf(tree);
  const flagged: string[] = [];
  for (const line of await git.fields(place, ["ls-files", "-v", "-z"], { index })) {
    const [flag = "", path] = [line[0], line.slice(2)];
    const isHidden = flag === "S" || flag !== flag.toUpperCase();
    if (isHidden && touched.meets(path) && await factsOf(join(tree.path, path))) flagged.push(path);
  }
  if (flagged.length === 0) return;
  const stdin = flagged.join("\0") + "\0";
  for (const flag of ["--no-assume-unchanged", "--no-skip-worktree"]) {
    await git.run(place, ["update-index", flag, "-z", "--stdin"], { index, stdin });
  }
}

/** Files and folders that are not of the present commit, where the new one has a file, or needs a folder. */
async function inTheWay(tree: WorkingTree, changes: readonly TreeChange[]): Promise<string[]> {
  const goes = new Set(changes.filter(({ before }) => before !== undefined).map(({ path }) => path));
  const folders = new Map<string, string | undefined>();
  const found: string[] = [];
  for (const { path, before, after } of changes) {
    if (before !== undefined || after === undefined) continue;
    const above = await blockedFolder(tree.path, dirname(path), goes, folders);
    if (above !== undefined) {
      found.push(above);
      continue;
    }
    const facts = await factsOf(join(tree.path, path));
    if (!facts) continue;
    if (!facts.isDirectory) found.push(path);
    else found.push(...await strangers(tree.path, path, goes));
  }
  return found;
}

/** The same for names that are not UTF-8, by which a file cannot be looked for. */
async function unnamedInTheWay(
  git: Git,
  tree: WorkingTree,
  from: string,
  to: string,
  changes: readonly TreeChange[],
): Promise<string[]> {
  if (!changes.some(({ path }) => isReplaced(path))) return [];
  const place = placeOf(tree);
  const asked = ["diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=A", from, to];
  const added = new Set(rawFields((await git.run(place, asked)).stdout));
  const others = await git.run(place, ["ls-files", "-z", "--others"]);
  return rawFields(others.stdout).filter((path) => added.has(path)).map(readable);
}

/** The part of a folder's path that is no folder, and is not going to be one; undefined if there is none. */
async function blockedFolder(
  root: string,
  folder: string,
  goes: ReadonlySet<string>,
  known: Map<string, string | undefined>,
): Promise<string | undefined> {
  if (folder === ".") return undefined;
  if (known.has(folder)) return known.get(folder);
  let blocked = await blockedFolder(root, dirname(folder), goes, known);
  if (blocked === undefined && !goes.has(folder)) {
    const facts = await factsOf(join(root, folder));
    if (facts && !facts.isDirectory) blocked = folder;
  }
  known.set(folder, blocked);
  return blocked;
}

/** The files below a folder that do not go. An empty folder is in nobody's way. */
async function strangers(root: string, folder: string, goes: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  const todo = [folder];
  for (let looked = 0; looked < LOOKED_MAX;) {
    const next = todo.pop();
    if (next === undefined) return found;
    for await (const entry of Deno.readDir(join(root, next))) {
      looked++;
      const path = `${next}/${entry.name}`;
      if (entry.isDirectory) todo.push(path);
      else if (!goes.has(path)) found.push(path);
    }
  }
  return [...found, folder];
}

/** The files that git's messages name. */
function namedFiles(words: string): string[] {
  return [...new Set([...words.matchAll(/'([^'\n]+)'/g)].map(([, file]) => file!))];
}
