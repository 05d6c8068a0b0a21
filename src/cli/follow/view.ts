/** How a followed task is shown. One view is for people, one for programs. */
import type { LogEntry } from "../../domain/log_entry.ts";
import type { Task } from "../../domain/task.ts";
import type { Pushes } from "../../protocol/pushes.ts";

export interface View {
  entry(log: LogEntry): void;
  /** Called with the task as the server just described it. */
  task(task: Task): void;
  status(push: Pushes["task_status_update"]): void;
  progress(push: Pushes["task_progress_update"]): void;
  permission(push: Pushes["permission_request"]): void;
  message(push: Pushes["conversation_message"]): void;
  question(push: Pushes["question_asked"]): void;
  ended(task: Task): void;
  close(): void;
}
