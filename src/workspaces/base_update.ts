/** What a task's branch becomes when the base from which it started is brought in. */
import { beginnings } from "../domain/carried_work.ts";
import { type BaseUpdate, type BringIn, changesConflict } from "../domain/landing.ts";
import { commitTree, isAncestor } from "./commits.ts";
import { knownCommits, madeCommit } from "./commit_sequence.ts";
import type { Git } from "./git.ts";
import { type MergedTree, TreeMerger } from "./merged_tree.ts";
import { identityOf } from "./own_identity.ts";

/**
 * Makes commits in the object store. Commits that cannot be moved one by one are merged. Work of others that the task began
 * from, and that the base does not have, stays in its history as it is: only the task's own commits are moved. `base`, `head`:
 * commits.
 */
export async function baseUpdate(
  git: Git,
  { worktree, method, carried, task_id }: BringIn,
  base: string,
  head: string,
  room: string,
): Promise<BaseUpdate> {
  const { common_dir, base: name = base.slice(0, 12), base_commit: start } = worktree;
  const { dependencies, inherited, taken } = carried;
  const place = { git_dir: common_dir };
  const unmoved = { brought: base, from: head, to: head, conflicts: [], notes: [] };
  if (await isAncestor(git, place, base, start)) return { ...unmoved, base: start };
  const lacks = async ({ commit }: { commit: string }) => !await isAncestor(git, place, commit, base);
  const carries = (await Promise.all(inherited.map(lacks))).includes(true);
  if (!carries && await isAncestor(git, place, base, head)) return { ...unmoved, base };

  const merger = await TreeMerger.open(git, common_dir, head, room);
  try {
    const identity = await identityOf(git, place);
    const message = `Bring in ${name}\n\nTask: ${task_id}\n`;
    const starts = beginnings(start, dependencies, carries);
    /** The base merged into one of the task's commits. */
    const mergedInto = async (commit: string): Promise<MergedTree> => {
      const known = await knownCommits(git, place, { head: commit, target: base, taken, starts });
      const theirs = known.length === 0 ? base : await merger.virtual(base, base, ...known);
      const merged = await merger.merged(commit, theirs);
      if (merged.tree !== "") return merged;
      throw changesConflict("conflict", [], `'${name}' cannot be brought in: ${merged.notes[0]}`);
    };
    const begun = carries ? await mergedInto(start) : undefined;
    const onto = begun === undefined
      ? base
      : await commitTree(git, place, begun.tree, [start, base], message, identity);
    const done = { brought: base, base: onto, from: head };
    if (head === start && begun) return { ...done, to: onto, conflicts: begun.conflicts, notes: begun.notes };
    if (method === "rebase" && !begun?.conflicts.length) {
      const wanted = { method, target: onto, head, taken, starts: [start], message, identity } as const;
      const made = await madeCommit(git, place, merger, wanted);
      if ("commit" in made) return { ...done, to: made.commit, conflicts: [], notes: [] };
    }
    const { tree, conflicts, notes } = await mergedInto(head);
    const to = await commitTree(git, place, tree, [head, onto], message, identity);
    return { ...done, to, conflicts, notes };
  } finally {
    await merger.close();
  }
}
