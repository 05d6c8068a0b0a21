/** Whether a person may decide what becomes of a task's work. */
import type { Task } from "../../domain/task.ts";
import { isFinished, isJudged } from "../../domain/task_values.ts";

/** Its turn is over, no message waits for the agent, and nobody has decided yet. */
export function isOpenToJudge({ status, review, queued_messages = 0 }: Task): boolean {
  return isFinished(status) && queued_messages === 0 && !isJudged(review);
}

/** `files`: how many it has changed. */
export function isAcceptable(task: Task, files: number = task.changes?.files ?? 0): boolean {
  const { workspace, review = "none" } = task;
  return isOpenToJudge(task) && workspace?.kind === "worktree" && (files > 0 || review !== "none");
}
