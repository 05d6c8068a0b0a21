/** What a task needs a person for. The dashboard, the command line, MCP and the filter of `list_tasks` share this rule. */
import type { Task } from "./task.ts";
import { isFinished } from "./task_values.ts";

/** The most urgent first: agents that stand still, then work that cannot go on, then work that is to be judged. */
export const NEEDS = [
  "permission",
  "question",
  "approval",
  "budget",
  "conflict",
  "feedback",
  "changes_requested",
  "review",
] as const;
export type Need = typeof NEEDS[number];

/** What the rule looks at. */
export type Needy =
  & Pick<Task, "status" | "review" | "archived" | "pull_request" | "unresolved">
  & { [list in "pending_permissions" | "pending_questions"]?: readonly unknown[] }
  & { waiting_for?: Pick<NonNullable<Task["waiting_for"]>, "kind"> };

const HOLDS: Record<Need, (task: Needy) => boolean> = {
  permission: ({ pending_permissions = [] }) => pending_permissions.length > 0,
  question: ({ pending_questions = [] }) => pending_questions.length > 0,
  approval: ({ waiting_for }) => waiting_for?.kind === "approval",
  // Its own bound, which a person may raise. That of a day is over by itself, and that of a task above it is asked about there.
  budget: ({ status, waiting_for }) => status === "paused" && waiting_for?.kind === "budget",
  // Of the pull request with its base, or of the base that was brought in.
  conflict: ({ status, pull_request: pull, unresolved = [] }) =>
    isFinished(status) &&
    (unresolved.length > 0 || pull?.state === "open" && pull.mergeable === "conflicting"),
  feedback: ({ status, pull_request: pull }) => isFinished(status) && (pull?.feedback?.length ?? 0) > 0,
  // The agent did not go on with them: it is over, and they still wait.
  changes_requested: ({ status, review }) => isFinished(status) && review === "changes_requested",
  review: ({ status, review }) => isFinished(status) && review === "to_review",
};

/** Everything that the task needs a person for, the most urgent first. Nothing of an archived task is urgent. */
export function needsOf(task: Needy): Need[] {
  return task.archived ? [] : NEEDS.filter((need) => HOLDS[need](task));
}

/** The most urgent need. Undefined: the task goes on, waits or is over without anybody. */
export function needOf(task: Needy): Need | undefined {
  return needsOf(task)[0];
}

/** Whether its changes are what a person is needed for: to be accepted, sent back or discarded. */
export function isToJudge(need: Need): boolean {
  return need === "review" || need === "changes_requested";
}
