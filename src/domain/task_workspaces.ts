/** The interface between the engine and the folders and worktrees in which tasks work. */
import type { Project } from "./project.ts";
import type { SavedWork, StoredWorkspace } from "./workspace.ts";

/** The work of a dependency, from which a new worktree may start. */
export interface InheritedWork {
  task_id: string;
  /** git's folder of the repository that has it. */
  common_dir?: string;
  /** Names of its last commit, the surest first. */
  commits?: readonly string[];
  /** What it has itself inherited. */
  inherited?: StoredWorkspace["inherited"];
  /** The branch from which it started, and the commit of that branch's upstream that it began from. */
  base?: string;
  upstream?: string;
  /** Why there is none. */
  absent?: string;
}

/** What a workspace needs to know of its task. */
export interface WorkspaceTask {
  id: string;
  description: string;
  /** The folder that the task names, with symbolic links resolved. */
  working_dir: string;
  isolation: "none" | "worktree";
  /** The branch, tag or commit from which the work starts. */
  base?: string;
  /** The workspace as the task's record has it. */
  known?: StoredWorkspace;
  /** Files with conflicts that are to be resolved in it. */
  unresolved?: readonly string[];
  /** The work of others from which a new worktree starts, in the order in which it is merged. */
  inherits?: readonly InheritedWork[];
  /** What the task's project says about worktrees. */
  project?: Pick<
    Project,
    "base_branch" | "fetch" | "copy" | "setup" | "setup_timeout_ms" | "teardown" | "env"
  >;
}

/** Where a task works. */
export interface OpenWorkspace {
  working_dir: string;
  /** Whether there may be work to save. */
  hasWork: boolean;
  /** What the task's record is to get when the attempt ends, if there is no work to save. */
  workspace?: StoredWorkspace;
  /** For the task's log. */
  notes?: SavedWork["notes"];
  /**
   * Commits what has changed. `isOver`: no agent follows soon, so a worktree without changes may go. Never rejects, and settles
   * soon after `signal` aborts.
   */
  save(isOver: boolean, signal: AbortSignal): Promise<SavedWork>;
}

export interface Workspaces {
  /**
   * Checks that the task can have its workspace, before the task is stored. Throws `INVALID_FIELD_VALUE` for the field
   * `task.execution.isolation` or `task.execution.base`.
   */
  check?(task: Pick<WorkspaceTask, "working_dir" | "isolation" | "base" | "project">): Promise<void>;
  /**
   * Opens the task's workspace: the one that its record has, else a new one. `record` stores what is about to be made, and what
   * has been made, with the task. Throws `ApiError` if it cannot, and soon after `signal` aborts.
   */
  open(
    task: WorkspaceTask,
    record: (workspace: StoredWorkspace) => Promise<void>,
    signal: AbortSignal,
  ): Promise<OpenWorkspace>;
  /**
   * Makes the user's work safe before an agent in a sandbox works there, as far as it could destroy it. Throws what git says of objects
   * that it does not read.
   */
  protect?(workspace: StoredWorkspace): Promise<void>;
  /** The files that differ between two commits, at most `limit` and one more. Throws if git does not know them. */
  changedFiles?(common_dir: string, from: string, to: string, limit: number): Promise<string[]>;
  /** Saves what is in the workspace of a task that no agent works on. Never rejects. */
  save?(task: WorkspaceTask, signal?: AbortSignal): Promise<SavedWork>;
}
