/** Passes a run's events to its listener, one after another. */
import { getLogger } from "@logtape/logtape";
import { Masker } from "../../domain/masking.ts";
import type { RunEvent, RunListener } from "../../domain/run.ts";

const log = getLogger(["opencode-agents", "agents"]);

type LogEvent = Extract<RunEvent, { kind: "log" }>;

export class EventQueue {
  readonly #task_id: string;
  readonly #listener: RunListener;
  /** Of all that is emitted. */
  readonly masker: Masker;
  #last: Promise<void> = Promise.resolve();

  constructor(task_id: string, listener: RunListener, masker = new Masker([])) {
    this.#task_id = task_id;
    this.masker = masker;
    this.#listener = listener;
  }

  /** Settles when the listener is done with this event and all before it. A listener that fails does not end the run. */
  emit(event: RunEvent): Promise<void> {
    this.#last = this.#last.then(() => this.#listener(this.masker.deep(event))).catch((error) => {
      log.error("listener of task {task} failed on {kind}: {error}", {
        task: this.#task_id,
        kind: event.kind,
        error,
      });
    });
    return this.#last;
  }

  /** Emits an entry for the task's log. */
  note(
    level: LogEvent["level"],
    message: string,
    source: string,
    details?: LogEvent["details"],
  ): Promise<void> {
    return this.emit({ kind: "log", level, message, source, details });
  }

  /** Settles when the listener is done with everything so far. */
  get idle(): Promise<void> {
    return this.#last;
  }
}
