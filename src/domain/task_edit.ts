/** What clients change about a task itself: its fields before its first attempt, and whether a finished one is archived. */
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { fieldProblem } from "./field_problem.ts";
import { requireStatus } from "./expected_status.ts";
import { REQUESTED_FIELDS } from "./task.ts";
import type { TaskRecord, TaskSpec, TaskState } from "./task_record.ts";
import { FINISHED_STATUSES, isFinished } from "./task_values.ts";
import { type Readiness, settle } from "./transitions.ts";

const { description, priority, dependencies, timeout, metadata, execution, scheduled_time } =
  REQUESTED_FIELDS;

export const TaskEdit = z.strictObject({
  description: description.optional(),
  priority: priority.optional(),
  dependencies,
  timeout,
  metadata: metadata.describe("Replaces the old one."),
  execution: execution.describe("Replaces the old one."),
  scheduled_time,
});
export type TaskEdit = z.infer<typeof TaskEdit>;

/** Throws `INVALID_FIELD_VALUE` for a task that an agent has worked on. */
export function requireUnbegun({ id, state }: TaskRecord): void {
  if (state.attempt === 0) return;
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    "task_id",
    id,
    "a task of which no attempt has begun",
    `Cannot change task '${id}': an attempt of it has begun`,
    { current_status: state.status, attempt: state.attempt },
  );
}

/** The fields of a task that clients may change, as they see them, by what is compared. */
const SHOWN: Record<keyof TaskEdit, (spec: TaskSpec) => unknown> = {
  description: (spec) => spec.description,
  priority: (spec) => spec.priority,
  dependencies: (spec) => spec.dependencies ?? [],
  timeout: (spec) => spec.timeout,
  metadata: (spec) => spec.metadata,
  execution: (spec) => spec.execution,
  scheduled_time: (spec) => spec.scheduled_time,
};

/** Whether clients may change the field before the first attempt. */
export function isEditable(field: string): boolean {
  return Object.hasOwn(SHOWN, field);
}

/** The fields of the spec that have new values. */
export function editedFields(before: TaskSpec, after: TaskSpec): string[] {
  if (before === after) return [];
  return Object.entries(SHOWN).flatMap(([field, of]) =>
    isDeepStrictEqual(of(before), of(after)) ? [] : [field]
  );
}

/** The state of a task whose spec has changed. `due`: by the new one. A finished task stays so until it is retried. */
export function stateUnder(
  spec: Pick<TaskSpec, "dependencies">,
  state: TaskState,
  readiness: Readiness,
  due: boolean,
  at: string,
): TaskState {
  if (isFinished(state.status)) {
    const { failed_dependency } = state;
    const isStill = failed_dependency !== undefined && spec.dependencies?.includes(failed_dependency);
    return { ...state, failed_dependency: isStill ? failed_dependency : undefined };
  }
  // It stays paused, and is settled when it is resumed, unless it fails with a dependency.
  if (state.status === "paused" && readiness.failed_dependency === undefined) return state;
  return settle(state, readiness, due, at);
}

/** Throws `INVALID_FIELD_VALUE` for a task that is not finished. */
export function archived(task: TaskRecord, isArchived: boolean): TaskState {
  requireStatus(task, isArchived ? "archive" : "take out of the archive", FINISHED_STATUSES);
  return { ...task.state, archived: isArchived ? true : undefined };
}
