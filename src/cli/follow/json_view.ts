/** A followed task for programs: one JSON document per line. */
import type { LogEntry } from "../../domain/log_entry.ts";
import type { Task } from "../../domain/task.ts";
import type { Pushes } from "../../protocol/pushes.ts";
import type { Terminal } from "../terminal.ts";
import type { View } from "./view.ts";

export class JsonView implements View {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  entry(log: LogEntry): void {
    this.#terminal.json({ type: "log_entry", log });
  }

  task(): void {}

  status(push: Pushes["task_status_update"]): void {
    this.#terminal.json(push);
  }

  progress(push: Pushes["task_progress_update"]): void {
    this.#terminal.json(push);
  }

  permission(push: Pushes["permission_request"]): void {
    this.#terminal.json(push);
  }

  message(push: Pushes["conversation_message"]): void {
    this.#terminal.json(push);
  }

  question(push: Pushes["question_asked"]): void {
    this.#terminal.json(push);
  }

  ended(task: Task): void {
    this.#terminal.json({ type: "task_status", task });
  }

  close(): void {}
}
