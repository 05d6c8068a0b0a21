/** What a task's record keeps of a worktree that is gone. */
import { isOwnWorktree } from "./accepting.ts";
import type { TaskState } from "./task_record.ts";

/** The state of a task whose work was judged and whose worktree is gone. `ref`: what keeps its head, in `refs_dir`. */
export function withoutWorktree(state: TaskState, head: string, refs_dir: string, ref: string): TaskState {
  return {
    ...state,
    past_work: pastWork(state, head),
    ending: undefined,
    workspace: undefined,
    unresolved: undefined,
    ended_from: state.workspace?.base_commit ?? state.ended_from,
    refs_dir,
    refs: [...state.refs ?? [], ref],
  };
}

/** What can be compared without the worktree. */
export function pastWork(
  { workspace, past_work }: TaskState,
  head_commit: string | undefined,
): TaskState["past_work"] {
  if (!isOwnWorktree(workspace)) return past_work;
  const { common_dir, base, base_commit } = workspace;
  return { common_dir, base, base_commit, head_commit: head_commit ?? base_commit };
}
