/** What a task's branch becomes when the base from which it started is brought in. */
import { type BaseUpdate, type BringIn, changesConflict } from "../domain/landing.ts";
import { commitTree, isAncestor } from "./commits.ts";
import { madeCommit, takenHeads } from "./commit_sequence.ts";
import type { Git } from "./git.ts";
import { TreeMerger } from "./merged_tree.ts";
import { identityOf } from "./own_identity.ts";

/** Makes commits in the object store. Commits that cannot be moved one by one are merged. `base`, `head`: commits. */
export async function baseUpdate(
  git: Git,
  { worktree, method, taken, task_id }: BringIn,
  base: string,
  head: string,
  room: string,
): Promise<BaseUpdate> {
  const { common_dir, base: name = base.slice(0, 12) } = worktree;
  const place = { git_dir: common_dir };
  if (await isAncestor(git, place, base, head)) {
    return { base, from: head, to: head, conflicts: [], notes: [] };
  }
  const merger = await TreeMerger.open(git, common_dir, head, room);
  try {
    const identity = await identityOf(git, place);
    const message = `Bring in ${name}\n\nTask: ${task_id}\n`;
    if (method === "rebase") {
      const wanted = { method, target: base, head, taken, message, identity } as const;
      const made = await madeCommit(git, place, merger, wanted);
      if ("commit" in made) return { base, from: head, to: made.commit, conflicts: [], notes: [] };
    }
    const heads = await takenHeads(git, place, { head, target: base, taken });
    const theirs = heads.length === 0 ? base : await merger.virtual(base, base, ...heads);
    const { tree, conflicts, notes } = await merger.merged(head, theirs);
    if (tree === "") throw changesConflict("conflict", [], `'${name}' cannot be brought in: ${notes[0]}`);
    const to = await commitTree(git, place, tree, [head, base], message, identity);
    return { base, from: head, to, conflicts, notes };
  } finally {
    await merger.close();
  }
}
