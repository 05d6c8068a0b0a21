/** What saving a task's work means for its record. */
import type { TaskState } from "../task_record.ts";
import { isFinished, isJudged } from "../task_values.ts";
import { folderRefs } from "../folder_refs.ts";
import type { Review, SavedWork, StoredWorkspace } from "../workspace.ts";

/** The state with what was saved. A task that has ended is for review if it changed anything in a worktree of its own. */
export function withWork(state: TaskState, work: SavedWork | undefined): TaskState {
  if (work === undefined) return withEarlierWork(state);
  const saved = {
    ...state,
    workspace: work.workspace ?? state.workspace,
    milestones: withTurn(state, work),
    changes: work.changes ?? state.changes,
    unresolved: stillUnresolved(state, work),
  };
  if (isFinished(state.status)) return { ...saved, review: reviewOf(saved, work) };
  // One that goes on for a message may yet be as it was.
  const { reopened } = saved;
  return reopened ? { ...saved, reopened: { ...reopened, review: reviewOf(saved, work) } } : saved;
}

/** An attempt may end before it has anything to save: what earlier ones have changed is still to be looked at. */
function withEarlierWork(state: TaskState): TaskState {
  const { status, review = "none", workspace } = state;
  if (!isFinished(status) || review !== "none" || workspace?.unsaved) return state;
  return reviewOf(state, {}) === "none" ? state : { ...state, review: "to_review" };
}

/** The state with the folder in which an attempt works. What was accepted or discarded was in another one. */
export function withWorkspace(state: TaskState, workspace: StoredWorkspace, task_id: string): TaskState {
  const begun = isJudged(state.review)
    ? { review: "none", changes: undefined, milestones: undefined } as const
    : undefined;
  return { ...state, ...begun, ...referred(state, workspace, task_id), workspace };
}

/** The snapshots of a folder go with the task's record. */
function referred({ refs = [] }: TaskState, { kind, common_dir }: StoredWorkspace, task_id: string) {
  if (kind !== "folder" || common_dir === undefined) return undefined;
  const { start, turns } = folderRefs(task_id);
  return { refs: [...new Set([...refs, start, turns])], refs_dir: common_dir };
}

/** The same for work that is saved after the task has ended. What a person has decided about it stands. */
export function withLateWork(state: TaskState, work: SavedWork): TaskState {
  const { review = "none" } = state;
  const saved = withWork(state, work);
  return review === "none" || review === "to_review" ? saved : { ...saved, review };
}

function reviewOf({ workspace, changes }: TaskState, { failure }: SavedWork): Review {
  if (workspace?.kind !== "worktree") return "none";
  // What could not be saved, or is on no branch, must be looked at, whatever it is.
  if (failure !== undefined || workspace.unsaved) return "to_review";
  return changes !== undefined && changes.files + changes.commits > 0 ? "to_review" : "none";
}

function stillUnresolved({ unresolved }: TaskState, work: SavedWork): string[] | undefined {
  const still = work.unresolved ?? unresolved ?? [];
  return still.length === 0 ? undefined : [...still];
}

/** A turn may be saved more than once: what came first is where it began. */
function withTurn({ turn, milestones, workspace }: TaskState, work: SavedWork): TaskState["milestones"] {
  const head = work.workspace?.head_commit;
  if (head === undefined || turn === undefined || milestones?.turn === turn) return milestones;
  const turn_from = workspace?.head_commit ?? work.workspace?.base_commit;
  return { ...milestones, turn, turn_from };
}
