/** What a task needs a person for. */
import type { Task } from "./task.ts";
import { isFinished } from "./task_values.ts";

export type Need = "permission" | "question" | "approval" | "budget" | "feedback" | "review";

type Needy = Pick<
  Task,
  "status" | "pending_permissions" | "pending_questions" | "waiting_for" | "review" | "pull_request"
>;

/** The most urgent need. Undefined: the task goes on, waits or is over without anybody. */
export function needOf(task: Needy): Need | undefined {
  const { pending_permissions = [], pending_questions = [], waiting_for } = task;
  if (pending_permissions.length > 0) return "permission";
  if (pending_questions.length > 0) return "question";
  if (waiting_for?.kind === "approval" || waiting_for?.kind === "budget") return waiting_for.kind;
  if (isFinished(task.status) && task.pull_request?.feedback) return "feedback";
  return isToReview(task) ? "review" : undefined;
}

/** Whether the task has ended with changes that its owner has neither accepted nor discarded. */
function isToReview({ status, review }: Pick<Task, "status" | "review">): boolean {
  return isFinished(status) && (review === "to_review" || review === "changes_requested");
}
