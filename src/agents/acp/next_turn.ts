/** The wait between two turns, for the message that the next one is of. */
import { type Clock, within } from "../../clock/clock.ts";
import type { TurnMessage } from "../../domain/run_request.ts";

export class NextTurn {
  readonly #clock: Clock;
  #answer: PromiseWithResolvers<TurnMessage | undefined> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isWaiting(): boolean {
    return this.#answer !== undefined;
  }

  /** A turn has ended: from now on an answer is taken. */
  open(): void {
    this.#answer = Promise.withResolvers();
  }

  /** Undefined: there is none. Returns false if nobody waits for it any more. */
  give(message: TurnMessage | undefined): boolean {
    if (this.#answer === undefined) return false;
    this.#answer.resolve(message);
    this.#answer = undefined;
    return true;
  }

  /** The message, if one is given within `bound_ms` and before `gone` settles. Returns `"late"` or `"gone"` otherwise. */
  async message(
    bound_ms: number,
    gone: Promise<unknown>,
  ): Promise<TurnMessage | undefined | "late" | "gone"> {
    const given = this.#answer?.promise;
    if (given === undefined) return undefined;
    const first = Promise.race([given, gone.then(() => "gone" as const)]);
    const answer = await within(this.#clock, bound_ms, first, "late" as const);
    // A message that came at the same moment is not lost: whoever gave it was told that it is taken.
    if (typeof answer !== "string" || this.give(undefined)) return answer;
    return await given;
  }
}
