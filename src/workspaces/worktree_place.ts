/**
 * git's own folder of a task's worktree, as the task's record names it. The `.git` in the worktree may have been deleted or
 * lead elsewhere: it is never asked.
 */
import { basename, dirname, join } from "node:path";
import type { StoredWorkspace } from "../domain/workspace.ts";
import { exists, factsOf, firstLine } from "./file_facts.ts";
import type { Git } from "./git.ts";
import { commitOf } from "./repository.ts";
import type { TreePlace } from "./tree_of_files.ts";

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

/** Whether git's folder still belongs to this worktree. */
export async function isIntact({ git_dir, root }: MadeWorktree): Promise<boolean> {
  return await firstLine(join(git_dir, "gitdir")) === join(root, ".git") &&
    await exists(join(git_dir, "HEAD"));
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
  const from = await commitOf(git, place, head_commit, signal) ?? base_commit;
  await git.run(place, ["update-ref", "-m", "opencode-agents: made again", ref, from, ""], { signal });
  return from;
}

/** Has the worktree's `.git` lead to git's folder again, unless an agent has made a repository of its own there. */
export async function linkPlace({ root, git_dir }: MadeWorktree): Promise<void> {
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
