/** Follows the trouble that an agent has with its model: shows it, logs it once, and says when the turn must end. */
import type { Clock, Timer } from "../../clock/clock.ts";
import type { Failure } from "../../domain/failure.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { kindOfText } from "./failure_kind.ts";
import { endsTurn, limitText, LONGEST_MS, type ModelTrouble, stepOf, withMore } from "./model_trouble.ts";

/** An agent that recovers and falters again and again is logged as a warning this often; in between as `debug`. */
const WARN_EVERY_MS = 60_000;

/** How soon a trouble is looked at again that has lasted for long while the agent was paused. */
const LOOK_AGAIN_MS = 1000;

export interface TroubleWatchOptions {
  clock: Clock;
  events: EventQueue;
  /** How the agent gets an account. */
  login_advice: string;
  /** Called once, when the agent would only go on to ask in vain. */
  giveUp: (failure: Failure, trouble: ModelTrouble) => void;
  /** Whether the agent stands still. Then no time passes. */
  isPaused: () => boolean;
}

export class TroubleWatch {
  readonly #options: TroubleWatchOptions;
  #now:
    | { trouble: ModelTrouble; times: number; since_ms: number; tries: number; isWarned: boolean }
    | undefined;
  /** When each kind was last logged as a warning. */
  readonly #warned = new Map<string, number>();
  #hasGivenUp = false;
  /** Looks at a trouble that lasts, since an agent that waits for long tells nothing meanwhile. */
  #timer: Timer | undefined;

  constructor(options: TroubleWatchOptions) {
    this.#options = options;
  }

  /** The trouble that the agent had last and has not recovered from. */
  get unsolved(): ModelTrouble | undefined {
    const now = this.#now;
    // What was told once and in unknown words was no passing trouble: the agent did not ask again.
    const isTrouble = now !== undefined &&
      (now.trouble.isFinal || now.tries > 1 || kindOfText(now.trouble.what) !== undefined);
    return isTrouble ? now.trouble : undefined;
  }

  /** What the agent does while it has not recovered; undefined if its model answers. */
  get step(): string | undefined {
    return this.#now && stepOf(this.#now.trouble);
  }

  async take(trouble: ModelTrouble): Promise<void> {
    const { clock, events } = this.#options;
    const at_ms = clock.monotonic();
    const before = this.#now;
    const isSame = before?.trouble.kind === trouble.kind;
    const isNew = !isSame && at_ms - (this.#warned.get(trouble.kind) ?? -Infinity) >= WARN_EVERY_MS;
    const now = this.#now = {
      trouble: withMore(trouble, before?.trouble),
      times: isSame ? before.times + 1 : 1,
      since_ms: isSame ? before.since_ms : at_ms,
      tries: (before?.tries ?? 0) + 1,
      isWarned: isNew || (before?.isWarned ?? false),
    };
    if (trouble.isFinal) return;
    if (isNew) this.#warned.set(trouble.kind, at_ms);
    const step = stepOf(now.trouble);
    const text = trouble.kind === "provider_limit" ? limitText(now.trouble) : step;
    await events.note(isNew ? "warn" : "debug", text, "acp");
    void events.emit({ kind: "retrying", current_step: step });
    this.#look();
  }

  /** Ends the turn, since the agent does not see the trouble itself. */
  end(trouble: ModelTrouble): void {
    if (this.#hasGivenUp) return;
    this.stop();
    this.#options.giveUp({ kind: trouble.kind, message: trouble.what }, trouble);
  }

  /** The turn is over. */
  stop(): void {
    this.#timer?.cancel();
    this.#hasGivenUp = true;
  }

  /** Ends the turn if the agent would only go on in vain, else looks again when that may be so. */
  #look(): void {
    const { clock, login_advice, giveUp, isPaused } = this.#options;
    this.#timer?.cancel();
    const now = this.#now;
    if (now === undefined || this.#hasGivenUp) return;
    const { trouble, times } = now;
    const lasts_ms = clock.monotonic() - now.since_ms;
    const failure = isPaused()
      ? undefined
      : endsTurn({ trouble, times, lasts_ms }, clock.now(), login_advice);
    if (failure !== undefined) {
      this.#hasGivenUp = true;
      return giveUp(failure, trouble);
    }
    const longest_ms = LONGEST_MS[trouble.kind];
    if (longest_ms === undefined) return;
    this.#timer = clock.after(Math.max(longest_ms - lasts_ms, LOOK_AGAIN_MS), () => this.#look());
  }

  /** The model has answered. `current_step`: what the agent does now, if that is known. */
  async over(current_step: string | undefined): Promise<void> {
    const { clock, events } = this.#options;
    const solved = this.#now;
    if (solved === undefined) return;
    this.#now = undefined;
    this.#timer?.cancel();
    const seconds = Math.round((clock.monotonic() - solved.since_ms) / 1000);
    const tries = solved.tries === 1 ? "a failed try" : `${solved.tries} failed tries`;
    // What was no warning needs no end that is news.
    const level = solved.isWarned ? "info" : "debug";
    await events.note(level, `The model answers again after ${seconds} s and ${tries}`, "acp");
    void events.emit({ kind: "recovered", current_step });
  }
}
