/** How a task's work stands to the branch that it is to come into: what each has more, and what would conflict. */
import { ApiError } from "../../domain/errors.ts";
import type { ComparedWork } from "../../domain/comparison.ts";
import type { Taken } from "../../domain/carried_work.ts";
import type { TaskChanges } from "../../domain/task_changes.ts";
import type { Git } from "../git.ts";
import { knownCommits, withUpstream } from "../commit_sequence.ts";
import { TreeMerger } from "../merged_tree.ts";
import { OWN_IDENTITY } from "../own_identity.ts";
import { adaptedGit } from "./adapted_git.ts";
import type { PlainRepository } from "./plain_repository.ts";

export type Standing = Pick<TaskChanges, "ahead" | "behind" | "conflicts" | "conflicts_unknown">;

export interface Compared extends Pick<ComparedWork, "common_dir" | "upstream"> {
  /** The commit at the end of the branch that the work is to come into. */
  target: string;
  /** The last commit of the work. */
  head: string;
  /** The work as a tree, if that is more than `head`. */
  tree?: string;
  starts: readonly string[];
  taken: readonly Taken[];
  /** Whether it is asked what would conflict. */
  mayConflict: boolean;
}

export async function standingOf(git: Git, plain: PlainRepository, compared: Compared): Promise<Standing> {
  const { common_dir, target, head, upstream, starts, mayConflict } = compared;
  const others = [...starts, ...upstream === undefined ? [] : [upstream]].map((commit) => `^${commit}`);
  const asked = ["--left-right", "--count", "--ignore-missing", `${target}...${head}`, ...others];
  const counts = await git.line({ git_dir: common_dir }, ["rev-list", ...asked]);
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
  { common_dir, target, head, tree, upstream, starts, taken }: Compared,
): Promise<Pick<TaskChanges, "conflicts" | "conflicts_unknown">> {
  const apart = adaptedGit(git, (options) => ({ ...options, env: { ...options.env, ...plain.writingHere } }));
  const merger = await TreeMerger.open(apart, common_dir, target, plain.folder);
  try {
    const work = tree === undefined ? head : await merger.virtual(tree, head);
    const place = { git_dir: common_dir };
    const wanted = { target, upstream, name: "the base", identity: OWN_IDENTITY };
    const onto = await withUpstream(apart, place, merger, wanted);
    if ("conflicts" in onto) return { conflicts: [...new Set(onto.conflicts)] };
    const known = await knownCommits(apart, place, { head, target: onto.commit, taken, starts });
    const ours = known.length === 0 ? onto.commit : await merger.virtual(onto.commit, onto.commit, ...known);
    const { conflicts, notes } = await merger.merged(ours, work);
    if (conflicts.length === 0 && notes.length > 0) return { conflicts, conflicts_unknown: notes.join("\n") };
    return { conflicts: [...new Set(conflicts)] };
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "SERVICE_UNAVAILABLE")) throw error;
    return { conflicts: [], conflicts_unknown: error.message };
  } finally {
    await merger.close();
  }
}
