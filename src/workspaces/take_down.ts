/** Removes a task's worktree and its branch. What is in it must have been saved. */
import { dirname, join } from "node:path";
import type { OwnWorktree } from "../domain/accepting.ts";
import { changesConflict } from "../domain/landing.ts";
import { removeTree } from "../host/remove_tree.ts";
import { tipOf } from "./commits.ts";
import { exists } from "./file_facts.ts";
import type { Git } from "./git.ts";
import { savedRef } from "./kept_commits.ts";
import { worktreesInside } from "./new_worktrees.ts";
import { moveRefs, RefsBusy } from "./ref_transaction.ts";
import { isLocked, newIgnored, removeFolder } from "./remove_worktree.ts";
import { submodulesAhead } from "./submodule_commits.ts";
import { checkedOutElsewhere } from "./working_trees.ts";
import { placeNow } from "./worktree_place.ts";

/** Each step may have been done already. The branch goes only if it still has the commit `head`. */
export async function takeDown(
  git: Git,
  worktree: OwnWorktree,
  head: string | undefined,
  first?: (ignored: readonly string[]) => Promise<void>,
): Promise<void> {
  const { git_dir, common_dir, branch } = worktree;
  const { root, isThere } = await placeNow(worktree);
  const place = { git_dir: common_dir };
  if (isThere) {
    await requireSaved(git, worktree, head);
    const ignored = await exists(git_dir) ? await newIgnored(git, worktree) : [];
    await first?.(ignored);
    await removeFolder(git, common_dir, root);
  }
  // What git keeps about it, if the folder was gone already.
  if (dirname(git_dir) === join(common_dir, "worktrees")) await removeTree(git_dir);
  if (head === undefined) return;
  await requireFreeBranch(git, worktree);
  try {
    await moveRefs(git, place, [{ ref: `refs/heads/${branch}`, from: head, to: undefined }], "removed", {});
  } catch (error) {
    if (!(error instanceof RefsBusy)) throw error;
    if (await tipOf(git, place, `refs/heads/${branch}`) !== undefined) {
      throw changesConflict("uncommitted", [], `The branch '${branch}' has other work: ${error.message}`);
    }
  }
  await git.run(place, ["update-ref", "-d", savedRef(worktree)]);
  await git.run(place, ["config", "--remove-section", `branch.${branch}`], { accepts: [1, 5, 128] });
}

/** Throws `CHANGES_CONFLICT` if the worktree may not go: it has more than the commit `head`, or somebody has locked it. */
export async function requireSaved(git: Git, worktree: OwnWorktree, head: string | undefined): Promise<void> {
  const { git_dir, common_dir, branch } = worktree;
  const { root } = await placeNow(worktree);
  const refuse = (files: readonly string[], why: string) => changesConflict("uncommitted", files, why);
  if (await isLocked(worktree)) {
    throw refuse([], `Somebody has locked the worktree ${root}. git worktree unlock opens it`);
  }
  const [inside] = await worktreesInside(common_dir, root);
  if (inside !== undefined) {
    throw refuse(
      [],
      `A worktree that the agent has made would go with the task's: ${inside}. git worktree move takes it elsewhere, ` +
        `git worktree remove ends it`,
    );
  }
  const now = await tipOf(git, { git_dir: common_dir }, `refs/heads/${branch}`);
  if (now !== undefined && now !== head) {
    throw refuse([], `Somebody has moved the task's branch '${branch}' meanwhile`);
  }
  await requireFreeBranch(git, worktree);
  const [ahead] = await submodulesAhead(git, git_dir, common_dir);
  if (ahead !== undefined) {
    throw refuse(
      [],
      `The submodule '${ahead}' has commits in ${root} that are nowhere else: push them, and fetch them in ` +
        `the repository's own copy`,
    );
  }
  const loose = await looseFiles(git, worktree);
  if (loose.length > 0) throw refuse(loose, `There is uncommitted work in the task's worktree ${root}`);
}

/** Whoever has the branch checked out would have none. */
async function requireFreeBranch(git: Git, worktree: OwnWorktree): Promise<void> {
  const { branch, git_dir } = worktree;
  const elsewhere = await checkedOutElsewhere(git, worktree, branch, git_dir);
  if (elsewhere === undefined) return;
  const why = `The task's branch '${branch}' is checked out in ${elsewhere}: switch to another branch there`;
  throw changesConflict("uncommitted", [], why);
}

/** The files that are not committed. Ignored ones do not count. */
export async function looseFiles(git: Git, worktree: OwnWorktree): Promise<string[]> {
  const { git_dir, common_dir } = worktree;
  const { root, isThere } = await placeNow(worktree);
  if (!isThere || !await exists(git_dir)) return [];
  const asked = [
    "status",
    "--porcelain",
    "-z",
    "--no-renames",
    "--untracked-files=all",
    "--ignore-submodules=none",
  ];
  return (await git.fields({ git_dir, common_dir, work_tree: root }, asked)).map((line) => line.slice(3));
}
