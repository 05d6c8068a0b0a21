/** Records what an agent says and does: log entries in order, its current activity, and the answer of the present turn. */
import type { Clock } from "../../clock/clock.ts";
import { type Activity, createActivity } from "../reporting/activity.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import type { DiffReader } from "./diffs.ts";
import { Speech } from "./speech.ts";
import { ToolCalls } from "./tool_calls.ts";
import { oneLine } from "./wire_value.ts";

export class Transcript {
  readonly #clock: Clock;
  readonly #events: EventQueue;
  #speech: Speech;
  readonly #calls: ToolCalls;
  readonly #activity: Activity;
  #last_activity = "";

  /** `activity` events are emitted only while `hasPlan` says that no plan names the current step. */
  constructor(clock: Clock, events: EventQueue, readDiffs: DiffReader, hasPlan: () => boolean) {
    this.#clock = clock;
    this.#events = events;
    this.#speech = this.#newSpeech();
    this.#calls = new ToolCalls(clock, events, readDiffs, (text) => this.doing(text));
    this.#activity = createActivity(clock, (current_step) => {
      if (!hasPlan()) return events.emit({ kind: "activity", current_step });
    });
  }

  /** The last message of the turn, at most 32 KiB of UTF-8 from its end. */
  get output(): string {
    return this.#speech.lastMessage;
  }

  /** What the agent did last, in one line; empty for nothing. */
  get activity(): string | undefined {
    return this.#last_activity || undefined;
  }

  /** The title of the tool call that began last and is at work; undefined for none. */
  get openCall(): string | undefined {
    return this.#calls.openCall;
  }

  /** An open tool call as told so far, for a permission request that refers to it. */
  callOf(tool_call_id: string): Record<string, unknown> | undefined {
    return this.#calls.callOf(tool_call_id);
  }

  /** Takes the call of a permission request. */
  asked(call: Record<string, unknown>): Promise<void> {
    return this.#calls.asked(call);
  }

  /** Takes a chunk of the agent's message or thought. */
  speech(update: Record<string, unknown>): Promise<void> {
    return this.#speech.chunk(update);
  }

  /** Takes a `tool_call` or `tool_call_update`. */
  async toolCall(update: Record<string, unknown>): Promise<void> {
    await this.#speech.interrupt();
    await this.#calls.update(update);
  }

  /** Emits what has been said so far. */
  flush(): Promise<void> {
    return this.#speech.flush();
  }

  /** Emits what has been said so far. What follows is another message. */
  endMessage(): Promise<void> {
    return this.#speech.interrupt();
  }

  /** What follows is of another turn. Calls that are open stay so. */
  async beginTurn(): Promise<void> {
    await this.flush();
    this.#speech = this.#newSpeech();
    this.#last_activity = "";
  }

  /** Emits what is left. Nothing may follow. */
  async end(): Promise<void> {
    await this.flush();
    await this.#calls.end();
    await this.#activity.end();
  }

  #newSpeech(): Speech {
    return new Speech(this.#clock, this.#events, (text) => this.doing(text));
  }

  /** Takes what the agent does now. */
  doing(text: string): void {
    const current_step = oneLine(text, 200);
    if (current_step === "" || current_step === this.#last_activity) return;
    this.#last_activity = current_step;
    this.#activity.set(current_step);
  }
}
