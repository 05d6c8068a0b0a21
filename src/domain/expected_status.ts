/** Checks that a task's status allows an operation. */
import type { Ending } from "./ending.ts";
import { fieldProblem } from "./field_problem.ts";
import type { TaskStatus } from "./task.ts";
import type { TaskRecord } from "./task_record.ts";

/** Throws `INVALID_FIELD_VALUE` while something is being done with the worktree of an ended task. */
export function requireSettled({ id, state }: TaskRecord, operation: string): void {
  const { ending, status } = state;
  if (ending === undefined) return;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "task_id",
    id,
    "a task whose changes are not being accepted or discarded",
    `Cannot ${operation} task '${id}' now: ${underWay(ending)}. Try again in a moment`,
    { current_status: status },
  );
}

function underWay(ending: Ending): string {
  if (ending.kind === "release") return "its worktree is being removed";
  if (ending.kind === "update") return "its base is being brought into its worktree";
  const isDiscarded = ending.kind === "discard" && !ending.merged;
  return `its changes are being ${isDiscarded ? "discarded" : "accepted"}`;
}

/** Throws `INVALID_FIELD_VALUE` with `current_status` when the task has none of the expected statuses. */
export function requireStatus(task: TaskRecord, operation: string, expected: readonly TaskStatus[]): void {
  requireSettled(task, operation);
  if (expected.includes(task.state.status)) return;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "task_id",
    task.id,
    expected,
    `Cannot ${operation} task '${task.id}': it is ${task.state.status}. This needs a task that is ${
      expected.join(" or ")
    }`,
    { current_status: task.state.status },
  );
}
