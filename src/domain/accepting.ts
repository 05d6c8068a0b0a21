/** What it takes to accept or discard what a task has changed, and what the record keeps of it. */
import { requireStatus } from "./expected_status.ts";
import { fieldProblem } from "./field_problem.ts";
import type { TaskRecord } from "./task_record.ts";
import { FINISHED_STATUSES, isJudged } from "./task_values.ts";
import type { StoredWorkspace } from "./workspace.ts";

/** A task's own folder and branch, as far as git must know them. */
export type OwnWorktree =
  & StoredWorkspace
  & Required<Pick<StoredWorkspace, "root" | "git_dir" | "common_dir" | "branch" | "base_commit">>;

/** Throws `INVALID_FIELD_VALUE` with `current_status` unless the task has ended, its agent is gone and no message waits. */
export function requireAtRest(task: TaskRecord, operation: string): void {
  requireStatus(task, operation, FINISHED_STATUSES);
  if (task.state.leaving !== undefined) {
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "task_id",
      task.id,
      "a task whose agent is gone",
      `Cannot ${operation} task '${task.id}' now: its agent is still being ended. Try again in a moment`,
      { current_status: task.state.status },
    );
  }
  const waiting = task.state.waiting?.length ?? 0;
  if (waiting === 0) return;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "task_id",
    task.id,
    "a task without waiting messages",
    `Cannot ${operation} task '${task.id}': ${waiting} messages wait for its agent. Withdraw them, or let it go on`,
    { current_status: task.state.status, queued_messages: waiting },
  );
}

/** The task's worktree. Throws `INVALID_FIELD_VALUE` if it has none whose changes are still to be judged. */
export function requireOwnWorktree(task: TaskRecord, operation: string): OwnWorktree {
  const { workspace, review = "none" } = task.state;
  const refuse = (why: string) =>
    fieldProblem(
      "INVALID_FIELD_VALUE",
      "task_id",
      task.id,
      "a task in a worktree with changes that are neither accepted nor discarded",
      `Cannot ${operation} task '${task.id}': ${why}`,
      { current_status: task.state.status, review },
    );
  if (isJudged(review)) throw refuse(`its changes have been ${review}`);
  if (workspace === undefined) throw refuse("it has no worktree");
  if (workspace.kind === "folder") {
    throw refuse("it has worked in the folder itself, where its changes are already");
  }
  if (!isOwnWorktree(workspace)) {
    const { head_commit, base_commit } = workspace;
    throw refuse(head_commit === base_commit ? "it has changed nothing" : "its worktree is not complete");
  }
  return workspace;
}

export function isOwnWorktree(workspace: StoredWorkspace | undefined): workspace is OwnWorktree {
  return workspace?.kind === "worktree" && workspace.root !== undefined && workspace.git_dir !== undefined &&
    workspace.common_dir !== undefined && workspace.branch !== undefined &&
    workspace.base_commit !== undefined;
}

/** The error for a task that has changed nothing. */
export function nothingChanged(task: TaskRecord, operation: string) {
  return fieldProblem(
    "INVALID_FIELD_VALUE",
    "task_id",
    task.id,
    "a task that has changed something",
    `Cannot ${operation} task '${task.id}': it has changed nothing`,
    { current_status: task.state.status, review: task.state.review ?? "none" },
  );
}

const TRAILER = /^[A-Za-z0-9][A-Za-z0-9-]*: \S/;

/** The message of a commit about a task: its first line describes it, and its trailer names it. */
export function taskMessage(task_id: string, text: string): string {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\0", "").trimEnd().split("\n");
  const trailer = `Task: ${task_id}`;
  const last = lines.slice(lines.lastIndexOf("") + 1);
  const hasTrailers = last.length < lines.length && last.every((line) => TRAILER.test(line));
  if (hasTrailers && last.includes(trailer)) return `${lines.join("\n")}\n`;
  return `${[...lines, ...hasTrailers ? [] : [""], trailer].join("\n")}\n`;
}
