/**
 * The files of a working tree as a git tree: everything that git does not ignore, whatever its index, its configuration or an
 * unfinished merge says. The working tree's own index is only read.
 */
import { join, relative } from "node:path";
import { isInside } from "../domain/path_inside.ts";
import { asTheyAre } from "./as_they_are.ts";
import { exists } from "./file_facts.ts";
import { type Git, type GitOptions, type GitPlace, type TreePlace, WHOLE_TREE_MS } from "./git.ts";
import { copyIndexFile } from "./index_copy.ts";
import { linksWithoutRepository } from "./lost_links.ts";
import { rawBytes, rawFields, rawOf, readable } from "./raw_paths.ts";

export interface TreeOfFiles {
  tree: string;
  /** The index that belongs to the tree. */
  index: string;
  /**
   * Repositories inside the working tree that its index does not know, and folders of submodules whose repository is gone: their
   * paths. They are not in the tree.
   */
  nested: string[];
  /** The paths of submodules, and of other repositories that somebody has added. The tree has their commits, but no files. */
  links: string[];
  /**
   * Files that could not be added, and what git says of them. They are not in the tree as they are, but in the tree of their
   * own, if there is one.
   */
  left?: { files: string[]; why: string; tree?: string };
}

export interface TreeBounds {
  /**
   * Gets the files that differ from the index, before anything is written to the repository. Throws if they are too many.
   */
  mayAdd?(root: string, paths: readonly string[]): Promise<void>;
  /** A folder whose untracked files do not count, if it is in the working tree: the server's own data. */
  apart?: string;
}

/**
 * Settings by which each file is a file: also one outside of a sparse checkout, and one whose name differs from another's in
 * case alone, where the file system keeps both.
 */
export async function plainFiles(work_tree: string): Promise<string[]> {
  const isOneFile = await exists(join(work_tree, ".git")) && await exists(join(work_tree, ".GIT"));
  return [
    "core.sparseCheckout=false",
    "index.sparse=false",
    "core.untrackedCache=false",
    ...isOneFile ? [] : ["core.ignoreCase=false"],
  ];
}

/**
 * `room`: an empty folder, which gets the index. `head`: a commit to begin with where there is no index; without one, the tree
 * begins with nothing, whatever the working tree's index says.
 */
export async function treeOfFiles(
  git: Git,
  place: TreePlace,
  room: string,
  head: string | undefined,
  signal?: AbortSignal,
  { mayAdd, apart }: TreeBounds = {},
): Promise<TreeOfFiles> {
  const index = join(room, "index");
  const options = {
    index,
    signal,
    bound_ms: WHOLE_TREE_MS,
    config: await plainFiles(place.work_tree),
  };
  if (head === undefined) {
    await git.run(place, ["read-tree", "--empty"], options);
  } else if (
    !await copyIndexFile(join(place.git_dir, "index"), index) || !await isReadable(git, place, options)
  ) {
    await git.run(place, ["read-tree", head], options);
  }
  const links = await unhide(git, place, options);
  const all = await pathsOf(place.work_tree, apart);
  const { stdout } = await git.run(
    place,
    ["ls-files", "-z", "--others", "--exclude-standard", "--", ...all],
    options,
  );
  const others = rawFields(stdout);
  if (mayAdd !== undefined) {
    const modified = await git.fields(place, ["ls-files", "-z", "--modified"], options);
    await mayAdd(place.work_tree, [...others.map(readable), ...modified]);
  }
  const lost = new Set(await linksWithoutRepository(place.work_tree, links));
  const nested = [
    ...others.filter((path) => path.endsWith("/")).map((path) => path.slice(0, -1)),
    ...[...lost].map(rawOf),
  ];
  const left = await addFiles(git, place, room, options, all.map(rawOf), nested);
  const tree = await git.line(place, ["write-tree"], options);
  return {
    tree,
    index,
    nested: nested.map(readable),
    links: links.filter((path) => !lost.has(path)),
    left,
  };
}

/** Returns what could not be added. `all`, `nested`: raw pathspecs, and raw paths that do not count. */
async function addFiles(
  git: Git,
  place: TreePlace,
  room: string,
  options: GitOptions & { index: string },
  all: readonly string[],
  nested: readonly string[],
): Promise<TreeOfFiles["left"]> {
  const args = ["add", "--all", "--ignore-errors", "--pathspec-from-file=-", "--pathspec-file-nul"];
  const without = (paths: readonly string[]) =>
    rawBytes([...all, ...paths.map((path) => `:(top,exclude,literal)${path}`)]);
  const stdin = without(nested);
  // Exit code 1: some files cannot be read.
  const add = (stdin: Uint8Array<ArrayBuffer>) => git.run(place, args, { ...options, stdin, accepts: [1] });
  try {
    const { code, stderr } = await add(stdin);
    if (code === 0 && !stderr.includes(UNREADABLE)) return undefined;
    return { files: await notIn(git, place, options, new Set(nested)), why: stderr.trim() };
  } catch (error) {
    const raw = await asTheyAre(git, place, room, options, { args, stdin }).catch(() => {
      throw error;
    });
    const why = (error as Error).message;
    // Without those that git does not take, it may take the others.
    const isEnough = await add(without([...nested, ...raw.converted])).then(() => true, () => false);
    const files = (isEnough ? raw.converted : raw.changed).map(readable);
    return { files, why, tree: raw.tree };
  }
}

/** What git says of a folder that it may not look into, and leaves out. */
const UNREADABLE = "could not open directory";

/** The files that differ from the index still, except those of other repositories. */
async function notIn(
  git: Git,
  place: TreePlace,
  options: GitOptions,
  nested: ReadonlySet<string>,
): Promise<string[]> {
  const asked = ["ls-files", "-z", "--others", "--modified", "--exclude-standard", "--deduplicate"];
  const { stdout } = await git.run(place, asked, options);
  return rawFields(stdout).filter((path) => !nested.has(path.replace(/\/$/, ""))).map(readable);
}

/** All files of the working tree except those in the folder `apart`, for git. */
export async function pathsOf(work_tree: string, apart: string | undefined): Promise<string[]> {
  const real = apart !== undefined && await exists(apart) ? await Deno.realPath(apart) : apart;
  if (real === undefined || real === work_tree || !isInside(work_tree, real)) return [":/"];
  return [":/", `:(top,exclude,literal)${relative(work_tree, real)}`];
}

async function isReadable(git: Git, place: GitPlace, options: GitOptions): Promise<boolean> {
  return (await git.run(place, ["ls-files", "-z", "--unmerged"], { ...options, accepts: [128] })).code === 0;
}

/** Has git look at files that it was told not to look at, if they are there. Returns the paths of submodules. */
async function unhide(git: Git, place: TreePlace, options: GitOptions): Promise<string[]> {
  const assumed: string[] = [];
  const skipped: string[] = [];
  const links: string[] = [];
  const { stdout } = await git.run(place, ["ls-files", "-v", "--stage", "-z"], options);
  for (const line of rawFields(stdout)) {
    const flag = line[0]!;
    const isLink = line.startsWith("160000 ", 2);
    if (flag === "H" && !isLink) continue;
    const path = line.slice(line.indexOf("\t") + 1);
    if (isLink) links.push(readable(path));
    if (flag !== flag.toUpperCase()) assumed.push(path);
    if (flag.toUpperCase() === "S") skipped.push(path);
  }
  const flagged = async (flag: string, paths: readonly string[]) => {
    if (paths.length === 0) return;
    await git.run(place, ["update-index", flag, "-z", "--stdin"], { ...options, stdin: rawBytes(paths) });
  };
  await flagged("--no-assume-unchanged", assumed);
  await flagged("--no-skip-worktree", skipped);
  if (skipped.length > 0) {
    const missing = await git.run(place, ["ls-files", "-z", "--deleted"], options);
    const gone = new Set(rawFields(missing.stdout));
    await flagged("--skip-worktree", skipped.filter((path) => gone.has(path)));
  }
  return links;
}
