/** The interface of everything long-lived, and the order in which parts start and stop. */
import { getLogger } from "@logtape/logtape";

const log = getLogger(["opencode-agents", "main"]);

export interface Part {
  readonly name: string;
  start(): Promise<void> | void;
  /** Idempotent. May be called even if the part was never started. */
  stop(): Promise<void> | void;
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

  /** Waits for a start that is under way. Throws the first failure, after all parts were stopped. */
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
    const failures: unknown[] = [];
    for (const part of this.#parts.toReversed()) {
      try {
        await part.stop();
      } catch (error) {
        log.error("{part} did not stop: {error}", { part: part.name, error });
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
