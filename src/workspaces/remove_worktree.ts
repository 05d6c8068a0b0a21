/** Removes a worktree in which nothing has changed, and its branch. */
import { join } from "node:path";
import { exists } from "./file_facts.ts";
import { type Git, WHOLE_TREE_MS } from "./git.ts";
import { removeTree } from "../host/remove_tree.ts";
import { savedRef } from "./kept_commits.ts";
import { type MadeWorktree, placeNow, placeOf } from "./worktree_place.ts";

/** In git's folder of the worktree: the ignored files that were there when the agent began. */
const KNOWN_IGNORED = "opencode-agents-ignored";

/** Notes the ignored files that the worktree begins with, so that what is new later is known. */
export async function noteIgnored(git: Git, worktree: MadeWorktree, signal?: AbortSignal): Promise<void> {
  const listed = await ignoredIn(git, worktree, signal);
  await Deno.writeTextFile(join(worktree.git_dir, KNOWN_IGNORED), listed.join("\0"));
}

/** The ignored files and folders that have come since. */
export async function newIgnored(git: Git, worktree: MadeWorktree): Promise<string[]> {
  let known = "";
  try {
    known = await Deno.readTextFile(join(worktree.git_dir, KNOWN_IGNORED));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const before = new Set(known.split("\0"));
  return (await ignoredIn(git, worktree)).filter((path) => !before.has(path));
}

async function ignoredIn(git: Git, worktree: MadeWorktree, signal?: AbortSignal): Promise<string[]> {
  const asked = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"];
  return await git.fields(placeOf(worktree), asked, { signal, bound_ms: WHOLE_TREE_MS });
}

/** Whether somebody has locked the worktree (`git worktree lock`). */
export function isLocked({ git_dir }: Pick<MadeWorktree, "git_dir">): Promise<boolean> {
  return exists(join(git_dir, "locked"));
}

/** Removes the folder of a worktree. Links in it are not followed. */
export async function removeFolder(git: Git, common_dir: string, root: string): Promise<void> {
  const asked = ["worktree", "remove", "--force", root];
  await git.run({ git_dir: common_dir }, asked, { bound_ms: WHOLE_TREE_MS, accepts: [1, 128, 255] });
  // Such as a worktree with folders that may not be written to, or one without its `.git`.
  await removeTree(root);
}

/** Removes the worktree, and its branch if that is still at `commit`. Everything in it must be saved. */
export async function removeWorktree(git: Git, worktree: MadeWorktree, commit: string): Promise<void> {
  const { git_dir, common_dir, branch } = worktree;
  const { root, isThere } = await placeNow(worktree);
  const place = { git_dir: common_dir };
  if (isThere) await removeFolder(git, common_dir, root);
  await removeTree(git_dir);
  await git.run(place, ["update-ref", "-d", `refs/heads/${branch}`, commit], { accepts: [1, 128] });
  await git.run(place, ["update-ref", "-d", savedRef(worktree)]);
}
