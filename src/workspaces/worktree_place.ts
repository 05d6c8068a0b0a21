/**
 * git's own folder of a task's worktree, as the task's record names it. The `.git` in the worktree may have been deleted or
 * lead elsewhere: it is never asked.
 */
import { basename, dirname, join, relative, resolve } from "node:path";
import { ApiError } from "../domain/errors.ts";
import type { StoredWorkspace } from "../domain/workspace.ts";
import { exists, factsOf, firstLine } from "./file_facts.ts";
import type { Git, TreePlace } from "./git.ts";
import { commitOf } from "./commits.ts";
import { linkOf } from "./working_trees.ts";

/** A workspace that is a worktree and has been made. */
export type MadeWorktree =
  & StoredWorkspace
  & Required<Pick<StoredWorkspace, "root" | "git_dir" | "common_dir" | "branch" | "base_commit">>;

export function isMade(workspace: StoredWorkspace | undefined): workspace is MadeWorktree {
  return workspace?.kind === "worktree" && workspace.root !== undefined && workspace.git_dir !== undefined &&
    workspace.common_dir !== undefined && workspace.branch !== undefined &&
    workspace.base_commit !== undefined;
}

export function placeOf({ git_dir, common_dir, root }: MadeWorktree): TreePlace {
  return { git_dir, common_dir, work_tree: root };
}

/**
 * Where the worktree is now: somebody may have moved it, with git or by hand. What merely has its place is not it. Throws
 * `FILESYSTEM_ERROR` if git knows a new place of it that is not there.
 */
export async function placeNow(
  { root, git_dir, common_dir }: Pick<MadeWorktree, "root" | "git_dir" | "common_dir">,
): Promise<{ root: string; isThere: boolean }> {
  if (await isFolder(root) && !await isAnother(root, git_dir, common_dir)) return { root, isThere: true };
  const told = await firstLine(join(git_dir, "gitdir"));
  const known = told === undefined ? undefined : dirname(resolve(git_dir, told));
  if (known !== undefined && known !== root && !await exists(known)) {
    throw new ApiError(
      "FILESYSTEM_ERROR",
      `The worktree ${root} was moved to ${known}, which is not there now. If it is gone for good, run git ` +
        "worktree prune",
      { operation: "git worktree list", file_path: known },
    );
  }
  for (const folder of [...known === undefined ? [] : [known], ...await foldersIn(dirname(root))]) {
    if (folder !== root && await linkOf(folder) === git_dir) return { root: folder, isThere: true };
  }
  return { root, isThere: false };
}

/** The worktree at the place where it is now. */
export async function followed(
  worktree: MadeWorktree,
): Promise<{ worktree: MadeWorktree; isThere: boolean }> {
  const { root, isThere } = await placeNow(worktree);
  if (root === worktree.root) return { worktree, isThere };
  return {
    worktree: { ...worktree, root, path: join(root, relative(worktree.root, worktree.path)) },
    isThere,
  };
}

/** A link in the worktree's place leads to somebody else's files. */
async function isFolder(path: string): Promise<boolean> {
  return (await factsOf(path))?.isDirectory === true;
}

/** Whether the folder is another worktree of the repository. */
async function isAnother(root: string, git_dir: string, common_dir: string): Promise<boolean> {
  const other = await linkOf(root);
  if (other === undefined || other === git_dir || dirname(other) !== join(common_dir, "worktrees")) {
    return false;
  }
  return await leadsTo(other, root);
}

/** Whether git's folder of a worktree says that its files are there. */
export async function leadsTo(git_dir: string, root: string): Promise<boolean> {
  const link = await firstLine(join(git_dir, "gitdir"));
  return link !== undefined && resolve(git_dir, link) === join(root, ".git");
}

async function foldersIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) found.push(join(folder, name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}

/** Whether git's folder still belongs to this worktree. */
export async function isIntact({ git_dir, root }: MadeWorktree): Promise<boolean> {
  return await leadsTo(git_dir, root) && await isHead(join(git_dir, "HEAD"));
}

/** A crash of the machine, or a program, may have left something else there. */
async function isHead(file: string): Promise<boolean> {
  return /^(ref: \S|[0-9a-f]{40,64}$)/.test(await firstLine(file) ?? "");
}

/**
 * Makes git's folder anew for a worktree whose files are there: somebody has pruned or deleted it. Returns the worktree with
 * the folder that it has now.
 */
export async function restorePlace(
  git: Git,
  worktree: MadeWorktree,
  signal?: AbortSignal,
): Promise<MadeWorktree> {
  const { common_dir, root, branch } = worktree;
  const folder = join(common_dir, "worktrees");
  const head = join(worktree.git_dir, "HEAD");
  if (await linkOf(root) === worktree.git_dir && await exists(head)) {
    // It was moved by hand.
    await Deno.writeTextFile(join(worktree.git_dir, "gitdir"), `${join(root, ".git")}\n`);
    if (!await isHead(head)) await Deno.writeTextFile(head, `ref: refs/heads/${branch}\n`);
    return worktree;
  }
  await Deno.mkdir(folder, { recursive: true });
  let git_dir = worktree.git_dir;
  if (dirname(git_dir) !== folder || await exists(git_dir)) {
    git_dir = await freeName(join(folder, basename(root)));
  }
  await requireBranch(git, worktree, signal);
  await Deno.mkdir(git_dir);
  await Deno.writeTextFile(join(git_dir, "commondir"), "../..\n");
  await Deno.writeTextFile(join(git_dir, "gitdir"), `${join(root, ".git")}\n`);
  await Deno.writeTextFile(join(git_dir, "HEAD"), `ref: refs/heads/${branch}\n`);
  const restored = { ...worktree, git_dir };
  await git.run(placeOf(restored), ["read-tree", `refs/heads/${branch}`], { signal });
  return restored;
}

/** Makes the task's branch anew if somebody has deleted it. Returns its commit. */
export async function requireBranch(
  git: Git,
  { common_dir, branch, base_commit, head_commit = base_commit }: MadeWorktree,
  signal?: AbortSignal,
): Promise<string> {
  const place = { git_dir: common_dir };
  const ref = `refs/heads/${branch}`;
  const now = await commitOf(git, place, ref, signal);
  if (now !== undefined) return now;
  const from = await commitOf(git, place, head_commit, signal) ??
    await commitOf(git, place, base_commit, signal);
  if (from === undefined) {
    // Such as a configuration that git cannot read.
    await git.run(place, ["rev-parse", "--git-dir"], { signal });
    throw new ApiError(
      "FILESYSTEM_ERROR",
      `The repository ${common_dir} has neither the branch '${branch}' nor the commit from which it started. Is it ` +
        "another one than when the worktree was made?",
      { operation: "git rev-parse", file_path: common_dir },
    );
  }
  await git.run(place, ["update-ref", "-m", "opencode-agents: made again", ref, from, ""], { signal });
  return from;
}

/**
 * Has git note what the worktree's HEAD has been at, whatever its configuration says: commits that nothing else leads to are found
 * by that.
 */
export async function logHead(git_dir: string): Promise<void> {
  await Deno.mkdir(join(git_dir, "logs"), { recursive: true });
  const log = await Deno.open(join(git_dir, "logs", "HEAD"), { append: true, create: true });
  log.close();
}

/** Has the worktree's `.git` lead to git's folder again, unless an agent has made a repository of its own there. */
export async function linkPlace({ root, git_dir }: MadeWorktree): Promise<void> {
  await logHead(git_dir);
  const link = join(root, ".git");
  const wanted = `gitdir: ${git_dir}`;
  const facts = await factsOf(link);
  if (facts?.isDirectory) return;
  if (facts?.isFile && await firstLine(link) === wanted) return;
  if (facts) await Deno.remove(link);
  await Deno.writeTextFile(link, `${wanted}\n`);
}

async function freeName(path: string): Promise<string> {
  for (let n = 1;; n++) {
    const name = n === 1 ? path : `${path}${n}`;
    if (!await exists(name)) return name;
  }
}
