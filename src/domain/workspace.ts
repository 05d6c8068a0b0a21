/** Where a task works, and what has become of its work. */
import * as z from "zod";
import type { LogLevel } from "./log_entry.ts";

/** What clients see of a task's folder. */
export const Workspace = z.object({
  kind: z.enum(["worktree", "folder"]).describe(
    "worktree: a git worktree of its own. folder: the folder itself, which others may use too.",
  ),
  path: z.string().describe("The folder in which the agent works."),
  repository: z.string().optional().describe("The root of the repository. Absent outside a repository."),
  branch: z.string().optional().describe("The branch on which the task's work is committed."),
  base: z.string().optional().describe("The branch, tag or commit from which the work starts."),
  base_commit: z.string().optional().describe("The commit from which the work starts."),
  head_commit: z.string().optional().describe("The commit at the end of the last turn."),
});
export type Workspace = z.infer<typeof Workspace>;

/** The workspace as it is stored. What merely has the same name or place is never taken for it. */
export const StoredWorkspace = Workspace.extend({
  /** The root of the worktree. `path` is this or a folder below it. */
  root: z.string().optional(),
  /** git's folder for this worktree. It is used even when the `.git` in the worktree is gone or leads elsewhere. */
  git_dir: z.string().optional(),
  /** It may hold work that is not committed: an agent is in it, or was when the server ended. */
  unsaved: z.boolean().optional(),
  /** git's folder that all worktrees of the repository share. */
  common_dir: z.string().optional(),
  /** The work of other tasks from which it started: their last commits. */
  inherited: z.array(z.object({ task_id: z.string(), commit: z.string() })).optional(),
  /** The commit of the base's upstream from which the work starts, if the base itself was behind it. */
  upstream: z.string().optional(),
  /** Of a folder whose `base_commit` is a snapshot: the commit that was checked out then. */
  start_head: z.string().optional(),
  /** Why it is not known what a folder in a repository was like when the task began. */
  not_compared: z.string().optional(),
});
export type StoredWorkspace = z.infer<typeof StoredWorkspace>;

/** What was done in a worktree that is gone, as far as it is compared. */
export const PastWork = z.object({
  common_dir: z.string(),
  base: z.string().optional(),
  base_commit: z.string(),
  head_commit: z.string(),
});
export type PastWork = z.infer<typeof PastWork>;

/** Commits with which a task's work is compared. */
export const Milestones = z.object({
  turn: z.int().optional().describe("The last turn whose work was saved."),
  turn_from: z.string().optional().describe("The commit from which that turn went on."),
  reviewed: z.string().optional().describe("The commit for which a person has last asked for changes."),
});
export type Milestones = z.infer<typeof Milestones>;

/** How much a task has changed against the commit from which it started. */
export const ChangeCounts = z.object({
  files: z.int().min(0),
  additions: z.int().min(0),
  deletions: z.int().min(0),
  commits: z.int().min(0),
});
export type ChangeCounts = z.infer<typeof ChangeCounts>;

/** What was found and done when a task's work was saved at the end of a turn. */
export interface SavedWork {
  /** Absent if nothing could be found out about it. */
  workspace?: StoredWorkspace;
  /** Absent if that is not known. */
  changes?: ChangeCounts;
  /** Of the files that were to be resolved, those that have marks of conflicts still. Absent if that is not known. */
  unresolved?: readonly string[];
  /** Files and repositories in the worktree that could not be committed. They are where they were. */
  left?: readonly string[];
  /** For the task's log. */
  notes?: readonly { level: LogLevel; message: string; details?: Record<string, unknown> }[];
  /** Why the work could not be saved. It is where it was. */
  failure?: string;
}

/** none: there is nothing to review. */
export const Review = z.enum(["none", "to_review", "changes_requested", "accepted", "discarded"]);
export type Review = z.infer<typeof Review>;
