/** What a task's work is compared with, if its base was brought in since: what others did there is not the task's. */
import type { ComparedWork } from "../../domain/comparison.ts";
import { knownCommits } from "../commit_sequence.ts";
import { isAncestor } from "../commits.ts";
import type { Git } from "../git.ts";
import { TreeMerger } from "../merged_tree.ts";
import { adaptedGit } from "./adapted_git.ts";
import type { PlainRepository } from "./plain_repository.ts";

/**
 * `from`, with what was brought in since merged into it, as a tree that is written nowhere but to `plain`. Where both have
 * changed the same lines, it has the marks of a conflict: what was made of those is the task's.
 */
export async function comparedFrom(
  git: Git,
  plain: PlainRepository,
  { common_dir, from, brought_in, taken = [], starts = [] }: ComparedWork,
): Promise<string> {
  const place = { git_dir: common_dir };
  if (brought_in === undefined || await isAncestor(git, place, brought_in, from)) return from;
  const apart = adaptedGit(git, (options) => ({ ...options, env: { ...options.env, ...plain.writingHere } }));
  const merger = await TreeMerger.open(apart, common_dir, brought_in, plain.folder);
  try {
    const wanted = { head: from, target: brought_in, taken, starts };
    const known = await knownCommits(apart, place, wanted);
    const theirs = known.length === 0 ? brought_in : await merger.virtual(brought_in, brought_in, ...known);
    const { tree } = await merger.merged(from, theirs);
    return tree === "" ? from : tree;
  } finally {
    await merger.close();
  }
}
