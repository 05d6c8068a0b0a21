/**
 * Moves a branch together with the working trees that have it checked out, or not at all. Their uncommitted work stays as
 * it is. While the files change, git's lock keeps everybody else from moving the branch.
 */
import type { Git } from "./git.ts";
import { isAncestor, tipOf } from "./commits.ts";
import { moveRefs, type RefChange, RefsBusy } from "./ref_transaction.ts";
import { treeChanges } from "./tree_changes.ts";
import { moveTree, settleTree } from "./tree_move.ts";
import { uncommittedObstacle } from "./uncommitted.ts";
import { checkedOut, type Obstacle, type WorkingTree } from "./working_trees.ts";

export interface BranchMove {
  /** git's folder. */
  common_dir: string;
  /** The root of a working tree that is known to belong to it. */
  repository?: string;
  /** The short name. */
  branch: string;
  /** The commit that it has, and the one that it gets. */
  from: string;
  to: string;
  /** References that move with it. */
  besides: readonly RefChange[];
  /** For the reflog. */
  reason: string;
  identity: Record<string, string>;
}

/** overtaken: the branch has been moved, or checked out elsewhere, meanwhile. */
export type MoveEnd = "moved" | "overtaken" | Obstacle;

/** `begin` is called when nothing stands against it, before anything changes. `room`: a folder for temporary files. */
export async function moveBranch(
  git: Git,
  move: BranchMove,
  room: string,
  begin: (trees: readonly WorkingTree[]) => Promise<void>,
): Promise<MoveEnd> {
  const { common_dir, branch, from, to } = move;
  const { trees, obstacle } = await checkedOut(git, move, branch);
  if (obstacle) return obstacle;
  const changes = await treeChanges(git, { git_dir: common_dir }, from, to);
  for (const tree of trees) {
    const uncommitted = await uncommittedObstacle(git, tree, from, to, changes, room);
    if (uncommitted) return uncommitted;
  }
  await begin(trees);
  const refs = [{ ref: `refs/heads/${branch}`, from, to }, ...move.besides];
  const git_dir = trees[0]?.git_dir ?? common_dir;
  try {
    await moveRefs(git, { git_dir }, refs, move.reason, move.identity, async () => {
      const now = await checkedOut(git, move, branch, OWN_LOCKS);
      if (now.obstacle || !areSame(now.trees, trees)) throw new Overtaken();
      await moveTrees(git, trees, from, to, room);
    });
  } catch (error) {
    if (error instanceof Overtaken) return "overtaken";
    if (!(error instanceof RefsBusy)) throw error;
    if (!error.isLocked) return "overtaken";
    return {
      files: [],
      why: `another git is at work in the repository, or has crashed there: ${error.message}`,
    };
  }
  return "moved";
}

class Overtaken extends Error {}

/** The transaction itself holds this one. */
const OWN_LOCKS: readonly string[] = ["HEAD.lock"];

/** All of them or none. */
async function moveTrees(git: Git, trees: readonly WorkingTree[], from: string, to: string, room: string) {
  const moved: WorkingTree[] = [];
  try {
    for (const tree of trees) {
      moved.push(tree);
      await moveTree(git, tree, from, to);
    }
  } catch (error) {
    for (const tree of moved.reverse()) await settleTree(git, tree, to, from, room);
    throw error;
  }
}

function areSame(a: readonly WorkingTree[], b: readonly WorkingTree[]): boolean {
  return a.length === b.length && a.every(({ git_dir }, i) => git_dir === b[i]!.git_dir);
}

/** What became of a move that a crash interrupted: it was carried out, or it has been undone now. */
export async function settleMove(
  git: Git,
  { common_dir, repository, branch, from, to }: Pick<
    BranchMove,
    "common_dir" | "repository" | "branch" | "from" | "to"
  >,
  trees: readonly WorkingTree[],
  room: string,
): Promise<"moved" | "undone" | Obstacle> {
  const place = { git_dir: common_dir };
  const now = await tipOf(git, place, `refs/heads/${branch}`);
  if (now !== undefined && await isAncestor(git, place, to, now)) return "moved";
  const here = await checkedOut(git, { common_dir, repository }, branch);
  if (here.obstacle) return here.obstacle;
  // If it was moved elsewhere, its working trees have gone along.
  if (now !== from) return "undone";
  for (const tree of here.trees) {
    if (trees.some(({ git_dir }) => git_dir === tree.git_dir)) await settleTree(git, tree, to, from, room);
  }
  return "undone";
}
