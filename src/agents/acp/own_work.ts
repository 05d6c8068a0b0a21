/**
 * What an agent does of itself after its turn has ended: a command in its background has ended and it looks at what came of
 * that, or a plugin of its user has it go on. That is a turn of its own. The task is over when it has been quiet for a while.
 */
import { type Clock, sleep } from "../../clock/clock.ts";
import type { OwnWork, WireObject } from "../makes/agent_make.ts";
import { textOf } from "./wire_value.ts";

const LOOK_EVERY_MS = 200;

export interface OwnWorkOptions {
  clock: Clock;
  /** So long after its last sign of work an agent is done. */
  quiet_ms: number;
  /** Called when it begins a turn of its own. What it does there waits for that. */
  onBegin: () => Promise<void>;
}

export interface QuietOptions {
  /** How long to wait for what it says it has in its background. */
  wait_ms: number;
  /** Whether the run is being ended, or the turn. */
  isOver: () => boolean;
  /** Whether a message waits, so that it need not be quiet if it is not at work. */
  hasNext: () => boolean;
  /** Whether it cannot go on, since it is paused or waits for a person. */
  isHeld: () => boolean;
}

export class OwnWorkWatch {
  /** How many turns of its own it has begun. */
  turns = 0;

  readonly #options: OwnWorkOptions;
  /** The turn that it was asked for has ended. */
  #hasEnded = false;
  #isInTurn = false;
  /** Whether it tells when it is at work. */
  #tells = false;
  #background = 0;
  /** The tool calls of its own turns that have not ended. */
  readonly #open = new Set<string>();
  #last_message_id: string | undefined;
  #last_sign_ms = -Infinity;

  constructor(options: OwnWorkOptions) {
    this.#options = options;
  }

  /** Takes what it tells of its work. */
  async hear({ isAtWork, background }: OwnWork): Promise<void> {
    this.#background = background ?? this.#background;
    this.#noteSign();
    if (isAtWork === undefined) return;
    this.#tells = true;
    if (!isAtWork) this.#isInTurn = false;
    else await this.#begin();
  }

  /** Takes an update that shows work. */
  async sign(update: WireObject): Promise<void> {
    const message_id = textOf(update.messageId);
    const isNew = update.sessionUpdate !== "tool_call_update" &&
      (message_id === undefined || message_id !== this.#last_message_id);
    this.#last_message_id = message_id ?? this.#last_message_id;
    this.#followCall(update);
    this.#noteSign();
    if (isNew && !this.#tells) await this.#begin();
  }

  /** It is asked for another turn. */
  turnBegins(): void {
    this.#hasEnded = false;
    this.#isInTurn = false;
    this.#open.clear();
  }

  /** Whether it is at a turn of its own. */
  get isInTurn(): boolean {
    return this.#isInTurn;
  }

  /** The turn that it was asked for has ended: what it does from now on, it does of itself. */
  turnEnded(): void {
    this.#hasEnded = true;
    this.#noteSign();
  }

  /** Settles when it has been quiet, and its background has come to an end or the wait is over; also when the run is over. */
  async quiet({ wait_ms, isOver, isHeld, hasNext }: QuietOptions): Promise<void> {
    const { clock, quiet_ms } = this.#options;
    let left_ms = wait_ms;
    for (let now = clock.monotonic(); !isOver();) {
      const isAtWork = this.#tells && this.#isInTurn || this.#open.size > 0;
      if (!this.#isInTurn && hasNext()) return;
      if (!isAtWork && !isHeld() && now - this.#last_sign_ms >= quiet_ms) {
        this.#isInTurn = false;
        if (this.#background === 0 || left_ms <= 0) return;
      }
      await sleep(clock, Math.min(LOOK_EVERY_MS, quiet_ms));
      const before = now;
      now = clock.monotonic();
      if (isHeld()) this.#noteSign();
      else left_ms -= now - before;
    }
  }

  async #begin(): Promise<void> {
    if (!this.#hasEnded || this.#isInTurn) return;
    this.#isInTurn = true;
    this.turns++;
    await this.#options.onBegin();
  }

  #followCall({ sessionUpdate, toolCallId, status }: WireObject): void {
    const id = textOf(toolCallId);
    if (!this.#hasEnded || id === undefined) return;
    if (status === "completed" || status === "failed") this.#open.delete(id);
    else if (sessionUpdate === "tool_call") this.#open.add(id);
  }

  #noteSign(): void {
    this.#last_sign_ms = this.#options.clock.monotonic();
  }
}
