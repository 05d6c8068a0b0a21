/** Checks that a task's status allows an operation. */
import { fieldProblem } from "./field_problem.ts";
import type { TaskStatus } from "./task.ts";
import type { TaskRecord } from "./task_record.ts";

/** Throws `INVALID_FIELD_VALUE` while the changes of an ended task are being accepted or discarded. */
export function requireSettled({ id, state }: TaskRecord, operation: string): void {
  if (state.ending === undefined) return;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "task_id",
    id,
    "a task whose changes are not being accepted or discarded",
    `Cannot ${operation} task '${id}' now: its changes are being accepted or discarded. Try again in a moment`,
    { current_status: state.status },
  );
}

/** Throws `INVALID_FIELD_VALUE` with `current_status` when the task has none of the expected statuses. */
export function requireStatus(task: TaskRecord, operation: string, expected: readonly TaskStatus[]): void {
  const { ending, status } = task.state;
  if (ending !== undefined) {
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "task_id",
      task.id,
      "a task whose changes are not being accepted or discarded",
      `Cannot ${operation} task '${task.id}': its changes are being ${
        ending.kind === "discard" && !ending.merged ? "discarded" : "accepted"
      }`,
      { current_status: status },
    );
  }
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
