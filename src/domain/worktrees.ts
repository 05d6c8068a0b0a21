/** The worktrees of a server: those of tasks, and folders that belong to no task any more. */
import type { TaskStatus } from "./task.ts";
import { isFinished, isJudged } from "./task_values.ts";
import type { Review } from "./workspace.ts";

export interface OrphanFolder {
  /** Below the server's own folder for worktrees. */
  path: string;
  /** The repository that it is a worktree of; absent if it is none. */
  repository?: string;
  branch?: string;
  /** When something was last made or removed in it, in epoch milliseconds. */
  changed_ms: number;
}

/** What a task's worktree is judged by. */
export interface WorktreeFacts {
  status: TaskStatus;
  review: Review;
  /** Whether something is being done with it, or a message waits. */
  isBusy: boolean;
  /** Whether it has commits of its own, or anything that is not committed. */
  hasWork: boolean;
  ended_ms: number;
}

/** Why a worktree stays; undefined: it may go. */
export type Stays = "at_work" | "to_review" | "too_young";

export function staysBecause(facts: WorktreeFacts, oldest_ms: number): Stays | undefined {
  if (!isFinished(facts.status) || facts.isBusy) return "at_work";
  if (facts.hasWork && !isJudged(facts.review)) return "to_review";
  return facts.ended_ms > oldest_ms ? "too_young" : undefined;
}

/** The server's own folder for worktrees, as the engine needs it. */
export interface WorktreeFolders {
  /** The folders below it that are not among `known`, which are paths. */
  orphans(known: ReadonlySet<string>): Promise<OrphanFolder[]>;
  /** How much the files of a folder take, in bytes. 0 if it is not there. */
  bytes(path: string): Promise<number>;
  /**
   * Keeps the commits and the loose files of an orphan under references, and removes it. Returns those, or why it stays.
   * Only for folders that `orphans` has returned.
   */
  clear(orphan: OrphanFolder): Promise<{ kept_as: string[] } | { stays: string }>;
}
