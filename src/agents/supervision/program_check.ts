/** Looks at an agent's program before it is started. */
import type { Clock } from "../../clock/clock.ts";
import { programFault } from "../../host/processes/program_fault.ts";
import { programError, type StartAttempt } from "./spawn_errors.ts";

/** How long a program that was found to be sound is not looked at again. */
const SOUND_MS = 30_000;
const MOST_PROGRAMS = 100;

export class ProgramCheck {
  readonly #clock: Clock;
  /** When each program, with the PATH that it was looked for in, was found to be sound. */
  readonly #sound = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Throws `ApiError` if the system cannot run the program. Without this, some faults look like success: the system's
   * shell takes an empty file for a script that does nothing, and a program for another processor for a broken script.
   */
  async require(attempt: StartAttempt, search: string): Promise<void> {
    const key = `${attempt.program}\0${search}`;
    const now = this.#clock.monotonic();
    const seen = this.#sound.get(key);
    if (seen !== undefined && now - seen < SOUND_MS) return;
    // If it cannot be looked at, the start says why.
    const fault = await programFault(attempt.program, search).catch(() => undefined);
    if (fault !== undefined) throw programError(fault, attempt);
    this.#sound.delete(key);
    this.#sound.set(key, now);
    const [oldest] = this.#sound.keys();
    if (this.#sound.size > MOST_PROGRAMS) this.#sound.delete(oldest!);
  }
}
