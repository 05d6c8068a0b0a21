/** Follows a turn's updates: emits events as they come, and keeps the facts that decide the turn's outcome. */
import { type Clock, isoTime } from "../../clock/clock.ts";
import type { PlanStep } from "../../domain/task.ts";
import type { AgentMake, ProviderLimit, WireObject } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import type { DiffReader } from "./diffs.ts";
import type { Denial, TurnFacts } from "./outcome.ts";
import { type Progress, progressOf, sameProgress } from "./progress.ts";
import { Transcript } from "./transcript.ts";
import { cut } from "./wire_value.ts";

const USAGE_EVENT_EVERY_MS = 1000;

export class AcpTurn {
  readonly transcript: Transcript;
  readonly usage: Record<string, unknown> = {};
  /** How many updates of an earlier process a loaded session has replayed. */
  history = 0;

  readonly #clock: Clock;
  readonly #make: AgentMake;
  readonly #events: EventQueue;
  #steps: PlanStep[] = [];
  #progress: Progress | undefined;
  #usage_emitted_at = -Infinity;
  #denials: Denial[] = [];
  #continued = false;
  #hidden_failure = false;
  #limit_noted = "";

  constructor(clock: Clock, make: AgentMake, events: EventQueue, readDiffs: DiffReader) {
    this.#clock = clock;
    this.#make = make;
    this.#events = events;
    this.transcript = new Transcript(clock, events, readDiffs, () => this.#steps.length > 0);
  }

  /** Takes a new update. */
  async update(update: WireObject): Promise<void> {
    const sign = this.#make.turnSign(update);
    if (sign !== undefined) this.#hidden_failure = sign === "failed";
    const limit = this.#make.limitOf(update);
    if (limit !== undefined) await this.#noteLimit(limit);
    const steps = this.#make.planOf(update);
    if (steps !== undefined) return await this.#follow(steps);
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
      case "agent_thought_chunk":
        this.#continued = true;
        return await this.transcript.speech(update);
      case "tool_call":
        this.#continued = true;
        return await this.transcript.toolCall(update);
      case "tool_call_update":
        return await this.transcript.toolCall(update);
      case "usage_update":
        Object.assign(this.usage, this.#make.usageOf(update));
        return await this.#emitUsage();
    }
  }

  /** Takes an update that a loaded session replays. Only its plan is used; the rest was reported before. */
  remember(update: WireObject): void {
    const steps = this.#make.planOf(update);
    if (steps !== undefined) this.#steps = steps;
    const kind = String(update.sessionUpdate);
    if (/^(user_message|agent_message|agent_thought|tool_call|plan)/.test(kind)) this.history++;
  }

  /** Forgets the replayed updates of a session that could not be loaded after all. */
  forget(): void {
    if (this.history > 0) this.#steps = [];
    this.history = 0;
  }

  denied(denial: Denial): void {
    this.#denials.push(denial);
    this.#continued = false;
  }

  /** Takes the prompt's result and returns the facts of the turn. */
  async end(result: WireObject): Promise<Omit<TurnFacts, "stop_reason">> {
    await this.transcript.flush();
    const tokens = this.#make.tokensOf(result);
    if (tokens !== undefined) {
      Object.assign(this.usage, tokens);
      if (this.#make.tokens_scope !== undefined) this.usage.scope = this.#make.tokens_scope;
    }
    this.#usage_emitted_at = -Infinity;
    await this.#emitUsage();
    return {
      denials: this.#denials,
      continued_after_denial: this.#continued,
      hidden_failure: this.#hidden_failure,
      last_message: this.transcript.output,
      steps: this.#steps,
    };
  }

  async #follow(steps: PlanStep[]): Promise<void> {
    this.#steps = steps;
    const progress = progressOf(steps);
    if (sameProgress(this.#progress, progress)) return;
    this.#progress = progress;
    await this.transcript.flush();
    await this.#events.emit(progress);
  }

  /** Logs a limit once, although agents report it repeatedly while it lasts. */
  async #noteLimit({ reason, until_ms }: ProviderLimit): Promise<void> {
    const until = until_ms === undefined ? "" : ` until ${isoTime(until_ms)}`;
    const message = cut(`The model's provider limits the agent${until}: ${reason}`, 1000);
    if (message === this.#limit_noted) return;
    this.#limit_noted = message;
    await this.#events.note("warn", message, "acp");
  }

  async #emitUsage(): Promise<void> {
    const now = this.#clock.monotonic();
    if (Object.keys(this.usage).length === 0 || now - this.#usage_emitted_at < USAGE_EVENT_EVERY_MS) return;
    this.#usage_emitted_at = now;
    await this.#events.emit({ kind: "usage", usage: { ...this.usage } });
  }
}
