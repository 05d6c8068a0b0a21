/**
 * Commits what an agent says of its progress. While one commit is on its way only the newest word is kept, so an
 * agent that talks faster than the store writes costs nothing.
 */
import { getLogger } from "@logtape/logtape";
import type { RunEvent } from "../domain/run.ts";
import type { TaskState } from "../domain/task_record.ts";
import { active, progressed } from "../domain/transitions.ts";

const log = getLogger(["opencode-agents", "engine"]);

export type ProgressEvent = Extract<RunEvent, { kind: "progress" } | { kind: "activity" }>;

export interface ProgressWriterOptions {
  task_id: string;
  /** Commits the change, if the attempt still holds the task. */
  change(change: (state: TaskState) => TaskState): Promise<void>;
  /** Milliseconds since the attempt began. */
  elapsed(): number;
  /** After each commit. */
  written(): void;
}

export class ProgressWriter {
  readonly #options: ProgressWriterOptions;
  #news: ProgressEvent[] = [];
  #committing: Promise<void> | undefined;

  constructor(options: ProgressWriterOptions) {
    this.#options = options;
  }

  note(event: ProgressEvent): void {
    this.#news = [...this.#news.filter((old) => old.kind !== event.kind), event];
    this.#committing ??= this.#commit();
  }

  /** Resolves when all that was noted is committed, or could not be. */
  async settled(): Promise<void> {
    await this.#committing;
  }

  async #commit(): Promise<void> {
    while (this.#news.length > 0) {
      const news = this.#news;
      this.#news = [];
      try {
        await this.#options.change((state) => news.reduce((s, event) => this.#with(s, event), state));
        this.#options.written();
      } catch (error) {
        // Progress is told again with the next step; the result, which matters, is not given up like this.
        log.warn("Progress of task {task_id} was not stored: {error}", {
          task_id: this.#options.task_id,
          error,
        });
      }
    }
    this.#committing = undefined;
  }

  #with(state: TaskState, event: ProgressEvent): TaskState {
    if (event.kind === "activity") return active(state, event.current_step);
    const { completed_steps, total_steps } = event;
    const left_ms = completed_steps > 0
      ? Math.round((this.#options.elapsed() / completed_steps) * (total_steps - completed_steps))
      : undefined;
    return progressed(state, event, left_ms);
  }
}
