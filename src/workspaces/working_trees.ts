/** The working trees of a repository that have a branch checked out. They are read where git itself keeps them. */
import { basename, dirname, join, resolve } from "node:path";
import { changesConflict } from "../domain/landing.ts";
import { exists, factsOf, firstLine } from "./file_facts.ts";
import type { Git } from "./git.ts";
import { LOCKS, OPERATIONS } from "./under_way.ts";

export interface WorkingTree {
  /** The folder with the files. */
  path: string;
  /** git's folder of this working tree. */
  git_dir: string;
}

/** Why a working tree does not let its branch be moved. */
export interface Obstacle {
  files: string[];
  why: string;
}

export interface CheckedOut {
  trees: WorkingTree[];
  /** A working tree that cannot follow, or is in the middle of something. */
  obstacle?: Obstacle;
}

/** The path of a working tree of which only git's folder is known. */
const UNKNOWN = "";

const HEADS = "refs/heads/";

/** A bisection does not keep work from being saved, but its branch from being moved. */
const IN_THE_WAY = [...OPERATIONS, ["BISECT_LOG", "a bisection"] as const];

/** Where a working tree says which branch it rebases. It has none checked out meanwhile. */
const REBASED = ["rebase-merge/head-name", "rebase-apply/head-name"];

/** git's folder that all worktrees share, and the root of a working tree that is known to belong to it. */
export interface SharedFolder {
  common_dir: string;
  repository?: string;
}

/** `branch`: its short name. `own_locks`: those that are no obstacle. */
export async function checkedOut(
  git: Git,
  shared: SharedFolder,
  branch: string,
  own_locks: readonly string[] = [],
): Promise<CheckedOut> {
  const { common_dir } = shared;
  const trees: WorkingTree[] = [];
  for (const tree of await workingTrees(git, shared)) {
    const head = await headOf(git, tree.git_dir);
    const isHere = head === HEADS + branch;
    if (!isHere && !await isAtWorkOn(tree.git_dir, branch)) continue;
    if (tree.path === UNKNOWN) {
      const why =
        `'${branch}' is checked out, and git's folder ${common_dir} does not say where (core.worktree)`;
      return { trees, obstacle: { files: [], why } };
    }
    if (!await exists(tree.path)) {
      const why =
        `'${branch}' is checked out in ${tree.path}, which is not there now. If it is gone for good, run ` +
        `git worktree prune`;
      return { trees, obstacle: { files: [], why } };
    }
    const obstacle = await obstacleIn(tree, own_locks);
    if (obstacle !== undefined) return { trees, obstacle: { files: [], why: obstacle } };
    trees.push(tree);
  }
  return { trees };
}

/** The folder of a working tree, other than the one with `own_git_dir`, that has the branch checked out. */
export async function checkedOutElsewhere(
  git: Git,
  shared: SharedFolder,
  branch: string,
  own_git_dir: string,
): Promise<string | undefined> {
  for (const { path, git_dir } of await workingTrees(git, shared)) {
    if (git_dir === own_git_dir || !await exists(path)) continue;
    if (await headOf(git, git_dir) === HEADS + branch || await isAtWorkOn(git_dir, branch)) return path;
  }
}

/** All working trees, the main one first. */
async function workingTrees(git: Git, shared: SharedFolder): Promise<WorkingTree[]> {
  const { common_dir } = shared;
  const main = await mainFolder(git, shared);
  const linked = await linkedTrees(common_dir);
  return main === undefined ? linked : [{ path: main, git_dir: common_dir }, ...linked];
}

/** Those that `git worktree add` has made. They are read without running git. */
export async function linkedTrees(common_dir: string): Promise<WorkingTree[]> {
  const found: WorkingTree[] = [];
  const linked = join(common_dir, "worktrees");
  try {
    for await (const { name } of Deno.readDir(linked)) {
      const git_dir = join(linked, name);
      // It names the `.git` of the working tree.
      const place = await firstLine(join(git_dir, "gitdir"));
      if (place) found.push({ path: dirname(resolve(git_dir, place)), git_dir });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
  return found;
}

/** The folder of the main working tree; undefined for a bare repository. */
async function mainFolder(git: Git, { common_dir, repository }: SharedFolder): Promise<string | undefined> {
  const place = { git_dir: common_dir };
  const usual = basename(common_dir) === ".git" ? dirname(common_dir) : undefined;
  const set = await git.line(place, ["config", "--get", "core.worktree"], { accepts: [1] });
  if (set !== "" && usual !== undefined && resolve(common_dir, set) !== usual) {
    const why = `the configuration of ${common_dir} says that its files are in ${set} (core.worktree)`;
    throw changesConflict("uncommitted", [], `It is not clear which files belong to the branch: ${why}`);
  }
  if (set !== "") return resolve(common_dir, set);
  const isBare = await git.line(place, ["config", "--type=bool", "--get", "core.bare"], { accepts: [1] });
  // A repository with files keeps an index. Somebody may have set it to bare by mistake.
  if (isBare === "true" && !await exists(join(common_dir, "index"))) return undefined;
  if (usual !== undefined) return usual;
  // git's folder was put elsewhere (git init --separate-git-dir), and only the `.git` of the files knows where.
  if (repository !== undefined && await linkOf(repository) === common_dir) return repository;
  return isBare === "true" ? undefined : UNKNOWN;
}

/** Where a folder's `.git` leads, if that is a file. */
export async function linkOf(folder: string): Promise<string | undefined> {
  const link = join(folder, ".git");
  if (!(await factsOf(link))?.isFile) return undefined;
  const line = await firstLine(link);
  return line?.startsWith("gitdir: ") ? resolve(folder, line.slice("gitdir: ".length)) : undefined;
}

/** The full name of the branch that is checked out; undefined if none is. */
async function headOf(git: Git, git_dir: string): Promise<string | undefined> {
  const line = await firstLine(join(git_dir, "HEAD"));
  if (line?.startsWith("ref: ") && !line.endsWith("/.invalid")) return line.slice(5).trim();
  if (line !== undefined && !line.startsWith("ref: ")) return undefined;
  // A repository that keeps its references in another way.
  const asked = await git.line({ git_dir }, ["symbolic-ref", "--quiet", "HEAD"], { accepts: [1, 128] });
  return asked === "" ? undefined : asked;
}

async function isAtWorkOn(git_dir: string, branch: string): Promise<boolean> {
  for (const name of REBASED) if (await firstLine(join(git_dir, name)) === HEADS + branch) return true;
  const bisected = await firstLine(join(git_dir, "BISECT_START"));
  return bisected === branch;
}

async function obstacleIn(
  { path, git_dir }: WorkingTree,
  own_locks: readonly string[],
): Promise<string | undefined> {
  for (const [name, what] of IN_THE_WAY) {
    const comma = what.includes(",") ? "," : "";
    if (await exists(join(git_dir, name))) {
      return `${what}${comma} is going on in ${path}: finish or abort it first`;
    }
  }
  for (const lock of LOCKS.filter((one) => !own_locks.includes(one))) {
    const file = join(git_dir, lock);
    if (await exists(file)) {
      return `another git is at work in ${path}. If none is, one has crashed there: then remove ${file} yourself`;
    }
  }
}
