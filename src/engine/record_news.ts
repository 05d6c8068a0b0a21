/** What a committed change of a task's record means for those who watch the task. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { WaitingMessage } from "../domain/message.ts";
import type { Task } from "../domain/task.ts";
import { pullRequestView } from "../domain/pull_request.ts";
import { editedFields } from "../domain/task_edit.ts";
import type { TaskRecord, TaskState } from "../domain/task_record.ts";
import { tokensIn, usageOf } from "../domain/task_usage.ts";
import { numbering } from "../domain/turns.ts";

/** The fields that `task_changed` names, besides what the task waits for, by what is compared. */
const WATCHED = {
  turn: (state: TaskState) => state.turn,
  queued_messages: (state: TaskState) => state.waiting?.length ?? 0,
  workspace: (state: TaskState) => state.workspace,
  changes: (state: TaskState) => state.changes,
  review: (state: TaskState) => state.review,
  pull_request: ({ pull_request, turn }: TaskState) => pull_request && pullRequestView(pull_request, turn),
  archived: (state: TaskState) => state.archived,
  usage: shownUsage,
  pending_permissions: (state: TaskState) => state.parked?.permissions,
  pending_questions: (state: TaskState) => state.parked?.questions,
  waiting_for: (state: TaskState) => state.parked,
} satisfies Partial<Record<keyof Task, (state: TaskState) => unknown>>;

/** What is worth telling of usage: each turn and each cent, not each token. */
function shownUsage(state: TaskState): string | undefined {
  const used = usageOf(state);
  if (!used || (used.cost_usd === 0 && tokensIn(used) === 0)) return undefined;
  return `${used.turns} ${used.cost_usd.toFixed(2)}`;
}

/** The fields of the task that have new values. */
export function changedFields(before: TaskRecord, after: TaskRecord): string[] {
  return [...editedFields(before.spec, after.spec), ...changedInState(before.state, after.state)];
}

function changedInState(before: TaskState, after: TaskState): string[] {
  return Object.entries(WATCHED).flatMap(([field, of]) => {
    const [old, now] = [of(before), of(after)];
    return old === now || isDeepStrictEqual(old, now) ? [] : [field];
  });
}

/** The numbers of the messages that are new, or that wait no more. */
export function changedMessages(before: TaskState, after: TaskState): number[] {
  if (before.messages === after.messages && before.waiting === after.waiting) return [];
  const waits = new Set(after.waiting?.map(({ number }) => number));
  const numbers = (before.waiting ?? []).map(({ number }) => number).filter((number) => !waits.has(number));
  if (after.messages === undefined) return numbers;
  for (let number = numbering(before).last + 1; number <= after.messages; number++) numbers.push(number);
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** The messages that have come to wait. */
export function newlyWaiting(before: TaskState, after: TaskState): WaitingMessage[] {
  const known = new Set(before.waiting?.map(({ number }) => number));
  return (after.waiting ?? []).filter(({ number }) => !known.has(number));
}
