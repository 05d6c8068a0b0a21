/** What of others may be in a task's work: that of its dependencies, and what its base was when it began. Pure. */
import { isOwnWorktree, type OwnWorktree } from "./accepting.ts";
import { allDependencies } from "./dependencies.ts";
import type { TaskRecord } from "./task_record.ts";
import type { StoredWorkspace } from "./workspace.ts";

/** The task's work, and that of one of its dependencies. */
export interface Work {
  task_id: string;
  worktree: OwnWorktree;
}

/** Work that was accepted before: the commit that brought it, and the last commit of its own. */
export interface Taken {
  head: string;
  commit: string;
}

export interface CarriedWork {
  /** Those of the task's dependencies, in the same repository, that are not accepted yet. */
  dependencies: readonly Work[];
  /** The commits of others from which the work started, and which were not accepted. */
  inherited: readonly { task_id: string; commit: string }[];
  /** The work of its dependencies that was accepted. */
  taken: readonly Taken[];
}

/** `worktree`: where the task's work is, or was. */
export function carriedWork(
  task: TaskRecord,
  worktree: Pick<StoredWorkspace, "common_dir" | "inherited">,
  find: (id: string) => TaskRecord | undefined,
): CarriedWork {
  const all = allDependencies(task, find);
  const dependencies: Work[] = [];
  for (const { id, state: { review, workspace } } of all) {
    if (review === "accepted" || !isOwnWorktree(workspace)) continue;
    if (workspace.common_dir === worktree.common_dir) dependencies.push({ task_id: id, worktree: workspace });
  }
  return {
    dependencies,
    inherited: (worktree.inherited ?? []).filter(({ task_id }) => {
      const review = find(task_id)?.state.review;
      return review !== undefined && review !== "accepted";
    }),
    taken: all.flatMap(({ state }) => state.accepted ? [state.accepted] : []),
  };
}

/**
 * Commits from which work began: what is before them is no task's, even if the base has been rewritten since. `carries`:
 * whether the task's own beginning has work of others that is still to be brought along.
 */
export function beginnings(
  base_commit: string,
  dependencies: readonly Work[],
  carries: boolean,
): string[] {
  const others = dependencies.filter(({ worktree }) => !worktree.inherited?.length);
  return [...carries ? [] : [base_commit], ...others.map(({ worktree }) => worktree.base_commit)];
}
