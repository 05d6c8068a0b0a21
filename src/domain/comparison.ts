/** The interface between the engine, which knows what is compared, and git, which compares it. */
import type { TaskChanges } from "./task_changes.ts";
import type { Taken } from "./carried_work.ts";
import type { LineRange } from "./moved_lines.ts";

/** A task's work, as it is compared. */
export interface ComparedWork {
  /** git's folder that all worktrees of the repository share. */
  common_dir: string;
  /** The folder whose present state counts, committed or not. Absent or gone: `head` counts. */
  folder?: { git_dir: string; work_tree: string };
  /** The last commit that is known. */
  head: string;
  /** What it is compared with. */
  from: string;
  /** A commit that was brought in since `from`, with what others have done: that is not counted. */
  brought_in?: string;
  branch?: string;
  /** The branch, tag or commit from which it started, and the commit that this was. */
  base?: string;
  base_commit: string;
  /** The commit that was checked out then, if `base_commit` is a snapshot with uncommitted files. */
  start_head?: string;
  /** Commits from which work began, and what of others was accepted: nothing of it is new to the base. */
  starts?: readonly string[];
  taken?: readonly Taken[];
  /** The commit of the base's upstream from which the work starts, if the base itself was behind it. */
  upstream?: string;
  /** Whether the work may still be accepted. */
  isOpen: boolean;
}

export interface ListedChanges {
  /** A file, or a folder with all that is in it; literally. */
  path?: string;
  /** Lines around each change. */
  context: number;
  patch: boolean;
}

/** Lines that a comment is about. */
export interface CommentedLines extends LineRange {
  path: string;
  side: "old" | "new";
  /** The commit in which they were seen. Absent: the work as it is now. */
  commit?: string;
}

/** What became of such lines. With a problem there is nothing to comment on. */
export type FoundLines =
  | { problem: "no_commit" | "no_file" }
  | { problem: "no_line"; lines_there: number }
  | {
    problem?: undefined;
    /** Each with its end. Absent if it is no text. */
    text?: string;
    /** Where they are now; undefined if they have changed since. */
    now?: LineRange;
  };

/** Each method throws `ApiError`: `FILESYSTEM_ERROR` with git's own words, `SERVICE_UNAVAILABLE` without git. */
export interface Comparisons {
  changes(work: ComparedWork, list: ListedChanges): Promise<TaskChanges>;
  /** In the order of `lines`, and the present head. */
  lines(
    work: ComparedWork,
    lines: readonly CommentedLines[],
  ): Promise<{ head_commit: string; found: FoundLines[] }>;
}
