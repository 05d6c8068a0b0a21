/**
 * The last net: errors that no code has caught. Without it Deno would end the server, and every running task with it.
 * Such an error is a bug, so it is logged with its stack and shown in the health report.
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../clock/clock.ts";
import type { HealthFinding } from "../protocol/system_messages.ts";

const log = getLogger(["opencode-agents", "main"]);

/** How long the health report shows the last such error. */
const SHOWN_MS = 3_600_000;
const TEXT_MAX = 500;

export class LastNet {
  readonly #clock: Clock;
  #count = 0;
  #last: { at_ms: number; text: string } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Catches from now on, to the end of the process, what nothing else has caught. */
  spread(): void {
    const caught = (event: Event) => {
      // Without this the process would end.
      event.preventDefault();
      this.#note(event instanceof PromiseRejectionEvent ? event.reason : (event as ErrorEvent).error);
    };
    for (const kind of ["unhandledrejection", "error"]) globalThis.addEventListener(kind, caught);
  }

  /** The last error of the past hour, for the health report. */
  findings(): HealthFinding[] {
    if (!this.#last || this.#clock.monotonic() - this.#last.at_ms > SHOWN_MS) return [];
    const times = this.#count === 1 ? "An unexpected error" : `${this.#count} unexpected errors, the last`;
    const message = `${times}: ${this.#last.text}. The server goes on; its log has the stack`;
    return [{ code: "UNEXPECTED_ERROR", severity: "warning", message }];
  }

  #note(reason: unknown): void {
    const error = reason instanceof Error ? reason : new Error(Deno.inspect(reason));
    this.#count++;
    this.#last = { at_ms: this.#clock.monotonic(), text: error.message.slice(0, TEXT_MAX) };
    log.error("An error that nothing caught, which is a bug; the server goes on: {error}", { error });
  }
}
