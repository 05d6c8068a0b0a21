/** What a task takes over from those that it depends on, and whether that is still what they have done. Pure. */
import type { InheritedWork } from "./task_workspaces.ts";
import type { BegunWith, TaskRecord, TaskState } from "./task_record.ts";
import { isFinished, isJudged } from "./task_values.ts";

type Lookup = (id: string) => TaskRecord | undefined;

/**
 * The work of its dependencies from which a new worktree of the task starts, in their order. What was accepted of the task
 * itself has brought theirs along, so it starts from the base.
 */
export function inheritedWork({ spec, state }: TaskRecord, find: Lookup): InheritedWork[] {
  if (spec.execution?.inherit !== undefined && spec.execution.inherit !== "changes") return [];
  if (state.review === "accepted") return [];
  return (spec.dependencies ?? []).map((task_id) => ({ task_id, ...workOf(find(task_id)) }));
}

function workOf(task: TaskRecord | undefined): Omit<InheritedWork, "task_id"> {
  if (task === undefined) return { absent: "its record has been removed" };
  const { review, accepted, refs = [], refs_dir, workspace } = task.state;
  if (review === "discarded") return { absent: "its changes have been discarded" };
  if (review === "accepted") {
    const commits = [...accepted ? [accepted.head] : [], ...refs.slice(-1)];
    return refs_dir === undefined ? {} : { common_dir: refs_dir, commits };
  }
  if (workspace?.common_dir === undefined) return {};
  const { kind, common_dir, branch, head_commit, base_commit, inherited, base, upstream } = workspace;
  if (kind === "folder") {
    return {
      common_dir,
      absent: "it has worked in the folder itself, so that only what was committed there is in this worktree",
    };
  }
  const commits = [branch && `refs/heads/${branch}`, head_commit ?? base_commit].filter((one) =>
    one !== undefined
  );
  return { common_dir, commits, inherited, base, upstream };
}

/** How the dependencies are as the task begins. */
export function begunWith({ dependencies = [] }: TaskRecord["spec"], find: Lookup): BegunWith | undefined {
  const known = dependencies.flatMap((id) => {
    const state = find(id)?.state;
    if (state === undefined) return [];
    const discarded = state.review === "discarded" ? true : undefined;
    return [{ task_id: id, turn: state.turn ?? 0, discarded }];
  });
  return known.length === 0 ? undefined : known;
}

/** Whether an attempt begins with the dependencies as they are now, since nothing of an earlier one is left. */
export function beginsAnew(state: TaskState): boolean {
  return state.workspace === undefined || isJudged(state.review);
}

/** Whether a dependency has been sent back or discarded since the task began. Work that was judged is over. */
export function isStale({ state }: TaskRecord, find: Lookup): boolean {
  if (isJudged(state.review)) return false;
  return (state.begun_with ?? []).some(({ task_id, turn, discarded }) => {
    const dependency = find(task_id)?.state;
    if (dependency === undefined) return false;
    const isDiscarded = dependency.review === "discarded" && isFinished(dependency.status);
    return dependency.reopened !== undefined || (dependency.turn ?? 0) > turn ||
      (isDiscarded && discarded === undefined);
  });
}
