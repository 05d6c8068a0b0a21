/** The interface of everything long-lived, and the order in which parts start and stop. */
import { getLogger } from "@logtape/logtape";
import { type Clock, within } from "../clock/clock.ts";

const log = getLogger(["opencode-agents", "main"]);

export interface Part {
  readonly name: string;
  start(): Promise<void> | void;
  /** Idempotent. May be called even if the part was never started. */
  stop(): Promise<void> | void;
}

/** That some parts did not stop in order. Why is in the log. */
export class StopFailure extends Error {}

/**
 * Stops a part; what hangs, such as a disk that does not answer, is left behind after `bound_ms`. Throws `StopFailure`
 * then, and what `stop` throws.
 */
export async function stopInTime(part: Part, clock: Clock, bound_ms: number): Promise<void> {
  const stopping = Promise.try(() => part.stop()).then(() => true);
  if (await within(clock, bound_ms, stopping, false)) return;
  const message = `${part.name}: did not stop in order within ${bound_ms} ms, and is left as it is`;
  log.error("{message}", { message });
  throw new StopFailure(message);
}

/** A part that needs no start, because it works as soon as it is composed. */
export function opened(name: string, stop: Part["stop"]): Part {
  return { name, start() {}, stop };
}

/**
 * Parts as one. They start in order and stop in reverse. If one fails to start, all are stopped and `start` throws why.
 */
export class Parts implements Part {
  readonly name: string;
  readonly #parts: readonly Part[];
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #ended: Promise<void> | undefined;

  constructor(name: string, parts: readonly Part[]) {
    this.name = name;
    this.#parts = parts;
  }

  start(): Promise<void> {
    return this.#starting ??= this.#startAll();
  }

  /** Waits for a start that is under way. Throws `StopFailure` if parts failed, after all were stopped. */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stopAll();
  }

  async #startAll(): Promise<void> {
    try {
      for (const part of this.#parts) if (!this.#stopping) await part.start();
    } catch (error) {
      // What fails to stop as well is in the log; the caller needs the cause.
      await this.#end().catch(() => undefined);
      throw error;
    }
  }

  async #stopAll(): Promise<void> {
    // The caller of `start` gets the error if that fails.
    await this.#starting?.catch(() => undefined);
    await this.#end();
  }

  #end(): Promise<void> {
    return this.#ended ??= this.#stopEach();
  }

  /** Stops all parts, even if some fail to stop. */
  async #stopEach(): Promise<void> {
    const failed: string[] = [];
    for (const part of this.#parts.toReversed()) {
      try {
        await part.stop();
      } catch (error) {
        // Parts within parts have logged why.
        if (!(error instanceof StopFailure)) {
          log.error("{part}: did not stop in order: {error}", { part: part.name, error });
        }
        failed.push(part.name);
      }
    }
    if (failed.length > 0) throw new StopFailure(`did not stop in order: ${failed.join(", ")}`);
  }
}
