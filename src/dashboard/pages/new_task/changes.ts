/** The form as changes of a task that has not begun. */
import type { TaskEdit } from "../../../domain/task_edit.ts";
import type { Execution, Task } from "../../../domain/task.ts";
import { type Draft, draftOfEdited } from "./draft.ts";
import { messageOf } from "./message.ts";
import type { Problem } from "./problems.ts";

const NO_FILES = { ids: [], problem: undefined };

/** What differs from the task, or the problems that prevent it. What the form does not show stays. */
export function changesOf(draft: Draft, task: Task): TaskEdit | Problem[] {
  const after = written(draft, task);
  if (Array.isArray(after)) return after;
  const before = written(draftOfEdited(task), task) as Record<string, unknown>;
  const changes: Record<string, unknown> = {};
  for (const field of ["description", "priority", "timeout", "scheduled_time"]) {
    if (after[field] !== before[field]) changes[field] = after[field];
  }
  for (const field of ["dependencies", "metadata", "execution"]) {
    if (!isSame(after[field], before[field])) {
      changes[field] = after[field] ?? (field === "dependencies" ? [] : {});
    }
  }
  const problems: Problem[] = [];
  if (Object.hasOwn(changes, "timeout") && changes.timeout === undefined) {
    problems.push({
      field: "task.timeout",
      message: "It cannot be taken away again. Write another duration.",
    });
  }
  if (changes.execution !== undefined) {
    const form = changes.execution as Execution;
    changes.execution = { ...unshown(task.execution, before.execution as Execution), ...form };
  }
  return problems.length > 0 ? problems : changes as TaskEdit;
}

function written(draft: Draft, { id }: Task): Record<string, unknown> | Problem[] {
  const message = messageOf(draft, { id, project: draft.project ?? "", files: NO_FILES });
  return Array.isArray(message) ? message : { ...message.task };
}

/** What the form says nothing of. */
function unshown(execution: Execution = {}, shown: Execution = {}): Partial<Execution> {
  const { after: _, inherit: __, ...rest } = execution;
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !Object.hasOwn(shown, name)));
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
