/** How a task's work stands to the branch that it is to come into: what each has more, and what would conflict. */
import { ApiError } from "../../domain/errors.ts";
import type { TaskChanges } from "../../domain/task_changes.ts";
import type { Git } from "../git.ts";
import { TreeMerger } from "../merged_tree.ts";
import { adaptedGit } from "./adapted_git.ts";
import type { PlainRepository } from "./plain_repository.ts";

export type Standing = Pick<TaskChanges, "ahead" | "behind" | "conflicts" | "conflicts_unknown">;

export interface Compared {
  common_dir: string;
  /** The commit at the end of the branch that the work is to come into. */
  target: string;
  /** The last commit of the work. */
  head: string;
  /** The work as a tree, if that is more than `head`. */
  tree?: string;
  /** Whether it is asked what would conflict. */
  mayConflict: boolean;
}

export async function standingOf(git: Git, plain: PlainRepository, compared: Compared): Promise<Standing> {
  const { common_dir, target, head, mayConflict } = compared;
  const range = `${target}...${head}`;
  const counts = await git.line({ git_dir: common_dir }, ["rev-list", "--left-right", "--count", range]);
  const [behind = 0, ahead = 0] = counts.split("\t").map(Number);
  const standing = { ahead, behind, conflicts: [] };
  // Onto what it began from, everything can be applied.
  if (!mayConflict || behind === 0) return standing;
  return { ...standing, ...await conflictsOf(git, plain, compared) };
}

/** What accepting the work would find. What git has to write for that is not written to the repository. */
async function conflictsOf(
  git: Git,
  plain: PlainRepository,
  { common_dir, target, head, tree }: Compared,
): Promise<Pick<TaskChanges, "conflicts" | "conflicts_unknown">> {
  const apart = adaptedGit(git, (options) => ({ ...options, env: { ...options.env, ...plain.writingHere } }));
  const merger = await TreeMerger.open(apart, common_dir, target, plain.folder);
  try {
    const work = tree === undefined ? head : await merger.virtual(tree, head);
    const { conflicts, notes } = await merger.merged(target, work);
    if (conflicts.length === 0 && notes.length > 0) return { conflicts, conflicts_unknown: notes.join("\n") };
    return { conflicts: [...new Set(conflicts)] };
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE")) throw error;
    return { conflicts: [], conflicts_unknown: error.message };
  } finally {
    await merger.close();
  }
}
