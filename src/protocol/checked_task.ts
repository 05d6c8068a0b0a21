/** A task that the server itself puts together, checked as one that a client sends. */
import type { NewTask } from "../domain/task.ts";
import { EXCHANGES } from "./messages.ts";
import { schemaError } from "./schema_errors.ts";

/** Throws as `start_task` does. */
export function checkedTask(task: unknown): NewTask {
  const message = { type: "start_task", task };
  const { request } = EXCHANGES.start_task;
  const parsed = request.safeParse(message);
  if (parsed.success) return parsed.data.task;
  throw schemaError(request, parsed.error.issues, message);
}
