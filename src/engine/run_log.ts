/** What is written into the log about one task: what its agent prints, and what the engine does for it. */
import type { LogLevel } from "../domain/log_entry.ts";
import type { Store } from "../store/open.ts";

export class RunLog {
  readonly #logs: Store["logs"];
  readonly #task_id: string;
  readonly #context: () => Record<string, unknown>;

  /** `context`: where and by whom, as it is at the time of the entry. */
  constructor(logs: Store["logs"], task_id: string, context: () => Record<string, unknown>) {
    this.#logs = logs;
    this.#task_id = task_id;
    this.#context = context;
  }

  /** An entry of the agent. A promise is to be waited for before more is taken from it. */
  append(
    level: LogLevel,
    message: string,
    source: string,
    details: Record<string, unknown> = {},
  ): void | Promise<void> {
    const context = { task_id: this.#task_id, ...this.#context() };
    return this.#logs.append({ level, message, agent: this.#task_id, source, details, context });
  }

  /** An entry of the engine itself. */
  tell(level: LogLevel, message: string, details: Record<string, unknown>): void {
    void this.append(level, message, "engine", details);
  }
}
