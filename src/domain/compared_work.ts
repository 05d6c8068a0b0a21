/** What of a task's work is compared with what. */
import { beginnings, carriedWork } from "./carried_work.ts";
import type { ComparedWork } from "./comparison.ts";
import { fieldProblem } from "./field_problem.ts";
import type { Since } from "./task_changes.ts";
import type { StoredWorkspace } from "./workspace.ts";
import type { TaskRecord, TaskState } from "./task_record.ts";
import { isJudged } from "./task_values.ts";

/** `find`: a task by its id. Throws `INVALID_FIELD_VALUE` if the task has no work that git knows. */
export function comparedWork(
  task: TaskRecord,
  since: Since,
  find: (id: string) => TaskRecord | undefined,
): ComparedWork {
  const { state } = task;
  const known: Partial<StoredWorkspace> | undefined = state.workspace ?? state.past_work;
  const { kind, common_dir, git_dir, root, base_commit, head_commit, branch, base, start_head, upstream } =
    known ?? {};
  if (common_dir === undefined || base_commit === undefined) throw notCompared(task);
  const isSettled = isJudged(state.review);
  const hasFolder = git_dir !== undefined && root !== undefined && !isSettled;
  const from = startOf(state, since) ?? base_commit;
  const isFolder = kind === "folder";
  const { dependencies, inherited, taken } = carriedWork(task, { ...known, common_dir }, find);
  return {
    common_dir,
    folder: hasFolder ? { git_dir, work_tree: root } : undefined,
    head: head_commit ?? base_commit,
    from,
    brought_in: isFolder || from === base_commit ? undefined : base_commit,
    branch,
    base,
    base_commit,
    start_head,
    starts: isFolder ? [] : beginnings(base_commit, dependencies, inherited.length > 0),
    taken,
    upstream,
    isOpen: kind === "worktree" && !isSettled,
  };
}

function startOf({ turn, milestones, workspace, past_work }: TaskState, since: Since): string | undefined {
  switch (since) {
    case "base":
      return undefined;
    case "last_turn":
      // The work of a turn under way is not saved yet.
      return milestones?.turn === turn ? milestones?.turn_from : (workspace ?? past_work)?.head_commit;
    case "last_review":
      return milestones?.reviewed;
  }
}

function notCompared({ id, state }: TaskRecord) {
  const { workspace, status } = state;
  return fieldProblem(
    "INVALID_FIELD_VALUE",
    "task_id",
    id,
    "a task that works in a git repository",
    workspace === undefined
      ? withoutFolder(id, state)
      : workspace.not_compared !== undefined
      ? `It is not known what task '${id}' has changed in ${workspace.path}: ${workspace.not_compared}`
      : `Task '${id}' works outside a git repository, so it is not known what it has changed`,
    { current_status: status },
  );
}

function withoutFolder(id: string, { accepted, discarded, review, turn }: TaskState): string {
  if (review === "accepted" && accepted !== undefined) {
    return `The changes of task '${id}' have been accepted: they are in commit ${accepted.commit} of '${accepted.into}'`;
  }
  if (review === "accepted") {
    return `The changes of task '${id}' have been accepted, and its worktree is gone`;
  }
  if (review === "discarded" && discarded !== undefined) {
    return `The changes of task '${id}' have been discarded: their commits are kept as ${discarded.kept_as}`;
  }
  return turn === undefined
    ? `Task '${id}' has not begun to work, so it has no changes`
    : `Task '${id}' has no folder any more, so it is not known what it has changed`;
}
