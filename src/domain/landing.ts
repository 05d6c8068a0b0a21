/** What the engine asks of git when a task's work is accepted, discarded or kept. */
import type { OwnWorktree } from "./accepting.ts";
import type { UpdateMethod } from "./base_update.ts";
import type { CarriedWork, Work } from "./carried_work.ts";
import type { AcceptIntent, AcceptMethod, UpdateIntent } from "./ending.ts";
import { ApiError, type ErrorDetails } from "./errors.ts";
import type { WorkspaceTask } from "./task_workspaces.ts";

export type ConflictReason = "conflict" | "uncommitted" | "dependencies" | "checks";

/** The error for a repository whose state does not allow the operation. Nothing was changed. */
export function changesConflict(
  reason: ConflictReason,
  files: readonly string[],
  message: string,
  more: ErrorDetails = {},
): ApiError {
  return new ApiError("CHANGES_CONFLICT", message, { reason, files: files.slice(0, FILES_MAX), ...more });
}

const FILES_MAX = 1000;

export interface LandingOrder {
  work: Work;
  method: AcceptMethod;
  /** The branch that takes the work; by default the one from which it started. */
  into: string | undefined;
  /** Of the commit that is made. */
  message: string;
  carried: CarriedWork;
}

/** A commit that is ready to become the branch's, and that nobody sees yet. */
export interface LandingPlan {
  into: string;
  from: string;
  to: string;
  head: string;
  /** Whether the branch has commits that the task's work is not based on. */
  hasMoved: boolean;
  /** Dependencies of which it brings along all, with their last commits, or a part. */
  brought: { task_id: string; head: string }[];
  parts: string[];
}

export interface BringIn {
  task_id: string;
  worktree: OwnWorktree;
  method: UpdateMethod;
  carried: CarriedWork;
}

/** The task's branch with its base brought in. */
export interface BaseUpdate {
  /** The commit from which the work begins now: that of the base, or one that has it and the work of others. */
  base: string;
  /** The commit of the base. */
  brought: string;
  /** The task's commits before and after; the same if there is nothing to bring in. */
  from: string;
  /** With conflicts: a merge in which the files have the usual marks. */
  to: string;
  conflicts: string[];
  /** What git says about the conflicts. */
  notes: string[];
}

/** References have full names. Each method throws `ApiError`. */
export interface Landing {
  /** Makes the commit. Throws `CHANGES_CONFLICT`, or `INVALID_FIELD_VALUE` for `into`; undefined: nothing has changed. */
  plan(order: LandingOrder): Promise<LandingPlan | undefined>;
  /**
   * Moves the branch, with the working trees that have it checked out, and keeps the heads under their references. `begin`
   * is called with those trees before the first change. Throws `CHANGES_CONFLICT`; false: the branch was moved meanwhile.
   */
  land(
    plan: Omit<AcceptIntent, "kind" | "trees" | "message" | "include_dependencies">,
    task_id: string,
    begin: (trees: AcceptIntent["trees"]) => Promise<void>,
  ): Promise<boolean>;
  /** Makes the commit. Throws `INVALID_FIELD_VALUE` if the base cannot be brought in. */
  bringIn(order: BringIn): Promise<BaseUpdate>;
  /** Moves the task's branch with its worktree. `begin` and the end are those of `land`. */
  moveOwn(
    worktree: OwnWorktree,
    move: { from: string; to: string },
    begin: (trees: AcceptIntent["trees"]) => Promise<void>,
  ): Promise<boolean>;
  /** What became of a `moveOwn` that a crash interrupted. Throws as `settle` does. */
  settleOwn(worktree: OwnWorktree, intent: UpdateIntent): Promise<"moved" | "undone">;
  /** Those of the files that have marks of conflicts in this commit. */
  marked(worktree: OwnWorktree, commit: string, files: readonly string[]): Promise<string[]>;
  /** What became of a `land` that a crash interrupted. Throws `CHANGES_CONFLICT` if that cannot be settled now. */
  settle(intent: AcceptIntent): Promise<"moved" | "undone">;
  /** The last commit of the task's branch; undefined if the branch is gone. */
  headOf(worktree: OwnWorktree): Promise<string | undefined>;
  /** A name that is not taken yet: `prefix`, else with `-2`, `-3`, … */
  freeRef(common_dir: string, prefix: string): Promise<string>;
  /** Keeps a commit under a reference that does not exist, or is this already. */
  keep(common_dir: string, ref: string, commit: string): Promise<void>;
  /** Deletes references; those that are gone already are no failure. */
  forget(common_dir: string, refs: readonly string[]): Promise<void>;
  /** Whether the worktree has commits of its own, or anything that is not committed. */
  hasWork(worktree: OwnWorktree): Promise<boolean>;
  /** Throws `CHANGES_CONFLICT` if `takeDown` would not remove it. */
  requireSaved(worktree: OwnWorktree, head: string | undefined): Promise<void>;
  /**
   * Removes the worktree, and its branch, if that still has the commit. Nothing of it may be unsaved. `first` is called before
   * the folder goes, with the ignored files in it that came since it was made.
   */
  takeDown(
    worktree: OwnWorktree,
    head: string | undefined,
    first?: (ignored: readonly string[]) => Promise<void>,
  ): Promise<void>;
  /** Gives a reference another name, one that is not taken. Returns it; undefined if there is no such reference. */
  rename(common_dir: string, ref: string, prefix: string): Promise<string | undefined>;
  /** Whether git's folder is there. */
  hasRepository(common_dir: string): Promise<boolean>;
}

/**
 * Has `use` look at a commit in a worktree of its own, with what a new worktree of the project gets. `folder`: where the task
 * works in it. Nothing of it stays. Throws what git and the project's setup throw.
 */
export type MergedCheckout = <T>(
  order: {
    task_id: string;
    worktree: OwnWorktree;
    commit: string;
    project: WorkspaceTask["project"];
  },
  use: (folder: string) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

export const KEPT = {
  accepted: "refs/opencode-agents/accepted/",
  discarded: "refs/opencode-agents/discarded/",
  kept: "refs/opencode-agents/kept/",
  /** What is on no branch of a task that has its record still. */
  work: "refs/opencode-agents/work/",
} as const;
