/** What a turn's updates amount to: events while they come, and the facts it is judged by when it ends. */
import { type Clock, isoTime } from "../../clock/clock.ts";
import type { RunEvent } from "../../domain/run.ts";
import type { PlanStep } from "../../domain/task.ts";
import type { Denial, TurnFacts } from "./outcome.ts";
import { type Progress, progressOf, sameProgress } from "./progress.ts";
import { Transcript } from "./transcript.ts";
import { cut } from "./wire_value.ts";
import type { AgentMake, ProviderLimit, WireObject } from "../makes/agent_make.ts";

const USAGE_EVENT_EVERY_MS = 1000;

export class AcpTurn {
  readonly transcript: Transcript;
  readonly usage: Record<string, unknown> = {};
  /** Updates of an earlier process' work that a loaded session has replayed. */
  history = 0;

  #steps: PlanStep[] = [];
  #progress: Progress | undefined;
  #usage_told_at = -Infinity;
  #denials: Denial[] = [];
  #went_on = false;
  #hidden_failure = false;
  #limit_told = "";

  constructor(
    private readonly clock: Clock,
    private readonly make: AgentMake,
    private readonly emit: (event: RunEvent) => Promise<void>,
    working_dir: string,
  ) {
    this.transcript = new Transcript(clock, emit, working_dir, () => this.#steps.length > 0);
  }

  /** An update that is news. */
  async update(update: WireObject): Promise<void> {
    const sign = this.make.turnSign(update);
    if (sign !== undefined) this.#hidden_failure = sign === "failed";
    const limit = this.make.limitOf(update);
    if (limit !== undefined) await this.#noteLimit(limit);
    const steps = this.make.planOf(update);
    if (steps !== undefined) return await this.#follow(steps);
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
      case "agent_thought_chunk":
        this.#went_on = true;
        return await this.transcript.speech(update);
      case "tool_call":
        this.#went_on = true;
        return await this.transcript.toolCall(update);
      case "tool_call_update":
        return await this.transcript.toolCall(update);
      case "usage_update":
        Object.assign(this.usage, this.make.usageOf(update));
        return await this.#tellUsage();
    }
  }

  /** An update that a loaded session replays: the plan still stands, the rest has been told before. */
  remember(update: WireObject): void {
    const steps = this.make.planOf(update);
    if (steps !== undefined) this.#steps = steps;
    const kind = String(update.sessionUpdate);
    if (/^(user_message|agent_message|agent_thought|tool_call|plan)/.test(kind)) this.history++;
  }

  /** What a session replayed that could not be loaded after all. */
  forget(): void {
    if (this.history > 0) this.#steps = [];
    this.history = 0;
  }

  denied(denial: Denial): void {
    this.#denials.push(denial);
    this.#went_on = false;
  }

  /** Takes the prompt's result and gives the facts of the turn. */
  async end(result: WireObject): Promise<Omit<TurnFacts, "stop_reason">> {
    await this.transcript.flush();
    const tokens = this.make.tokensOf(result);
    if (tokens !== undefined) {
      Object.assign(this.usage, tokens);
      if (this.make.tokens_scope !== undefined) this.usage.scope = this.make.tokens_scope;
    }
    this.#usage_told_at = -Infinity;
    await this.#tellUsage();
    return {
      denials: this.#denials,
      went_on_after_denial: this.#went_on,
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
    await this.emit(progress);
  }

  /** Agents report one limit again and again while it lasts; the log names it once. */
  async #noteLimit({ reason, until_ms }: ProviderLimit): Promise<void> {
    const until = until_ms === undefined ? "" : ` until ${isoTime(until_ms)}`;
    const message = cut(`The model's provider limits the agent${until}: ${reason}`, 1000);
    if (message === this.#limit_told) return;
    this.#limit_told = message;
    await this.emit({ kind: "log", level: "warn", message, source: "acp" });
  }

  async #tellUsage(): Promise<void> {
    const now = this.clock.monotonic();
    if (Object.keys(this.usage).length === 0 || now - this.#usage_told_at < USAGE_EVENT_EVERY_MS) return;
    this.#usage_told_at = now;
    await this.emit({ kind: "usage", usage: { ...this.usage } });
  }
}
