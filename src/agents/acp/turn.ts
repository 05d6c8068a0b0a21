/** Follows a turn's updates: emits events as they come, and keeps the facts that decide the turn's outcome. */
import type { Clock } from "../../clock/clock.ts";
import type { PlanStep } from "../../domain/task.ts";
import type { AgentMake, AgentSign, BrokenServer, WireObject } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import type { DiffReader } from "./diffs.ts";
import type { Denial, TurnFacts } from "./outcome.ts";
import { LONGEST_ENTRY } from "./speech.ts";
import { cut } from "./wire_value.ts";
import { type Progress, progressOf, sameProgress } from "./progress.ts";
import { Transcript } from "./transcript.ts";
import { OwnWorkWatch } from "./own_work.ts";
import type { ModelTrouble } from "./model_trouble.ts";
import type { TroubleWatch } from "./trouble_watch.ts";

const USAGE_EVENT_EVERY_MS = 1000;

export class AcpTurn {
  readonly transcript: Transcript;
  readonly usage: Record<string, unknown> = {};
  readonly own_work: OwnWorkWatch;
  /** How many updates of an earlier process a loaded session has replayed. */
  history = 0;

  readonly #clock: Clock;
  readonly #make: AgentMake;
  readonly #events: EventQueue;
  readonly #troubles: TroubleWatch;
  #steps: PlanStep[] = [];
  #progress: Progress | undefined;
  #usage_emitted_at = -Infinity;
  /** The names of the MCP servers that do not work. */
  readonly #broken = new Set<string>();
  #denials: Denial[] = [];
  #continued = false;
  #hidden_failure = false;
  /** Why, if the agent says so. */
  #failure_text: string | undefined;
  /** An answer was withheld, and the agent has done nothing since. */
  #isRefused = false;
  /** Summed up since the turn began, of an agent that does not do that itself. */
  #tokens_of_calls: Record<string, number> | undefined;

  constructor(
    clock: Clock,
    make: AgentMake,
    events: EventQueue,
    readDiffs: DiffReader,
    troubles: TroubleWatch,
    quiet_ms: number,
  ) {
    this.#clock = clock;
    this.#make = make;
    this.#events = events;
    this.#troubles = troubles;
    this.own_work = new OwnWorkWatch({
      clock,
      quiet_ms,
      onBegin: () =>
        void events.emit({
          kind: "own_turn",
          outcome: { status: "completed", output: this.transcript.output, usage: { ...this.usage } },
        }),
    });
    this.transcript = new Transcript(clock, events, readDiffs, () => this.#steps.length > 0);
  }

  /** Takes a new update. */
  async update(update: WireObject): Promise<void> {
    const sign = this.#make.turnSign(update);
    if (sign === "refused") this.#isRefused = true;
    else if (sign !== undefined) this.#hidden_failure = sign === "failed";
    await this.hear({ from: "update", update });
    const notice = this.#make.noticeOf(update, this.#hidden_failure);
    if (notice !== undefined) {
      if (this.#hidden_failure && notice.level === "error") this.#failure_text = notice.text;
      await this.transcript.flush();
      return await this.#events.note(notice.level, cut(notice.text, LONGEST_ENTRY), "agent");
    }
    if (isWork(update)) this.own_work.sign(update);
    this.#count(this.#make.tokensOfCall(update));
    const steps = this.#make.planOf(update);
    if (!this.#hidden_failure && (steps !== undefined || isWork(update))) {
      await this.#troubles.over(this.current_step);
    }
    if (steps !== undefined) return await this.#follow(steps);
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
      case "agent_thought_chunk":
        this.#continued = true;
        return await this.transcript.speech(update);
      case "tool_call":
        this.#continued = true;
        // The model works after all.
        this.#isRefused = false;
        return await this.transcript.toolCall(update);
      case "tool_call_update": {
        await this.transcript.toolCall(update);
        const title = this.#make.deniedIn(update);
        if (title !== undefined) this.denied({ title, by: "policy" });
        return;
      }
      case "usage_update":
        Object.assign(this.usage, this.#make.usageOf(update));
        return await this.#emitUsage();
    }
  }

  /** What the agent does: its plan's step, else its last activity; undefined if neither is known. */
  get current_step(): string | undefined {
    return this.#progress?.current_step ?? this.transcript.activity;
  }

  /** Tells anew what the agent does, after something else has been shown. */
  showStep(): void {
    const { step } = this.#troubles;
    const { current_step } = this;
    void this.#events.emit(
      step === undefined ? { kind: "recovered", current_step } : { kind: "retrying", current_step: step },
    );
  }

  /** What the agent has not come back from, for somebody who wonders why it is silent. */
  get pending(): string {
    const { openCall } = this.transcript;
    if (openCall !== undefined) return `since it began: ${openCall}`;
    const { trouble } = this;
    return trouble === undefined
      ? "while it waits for its model"
      : `after trouble with its model: ${trouble.what}`;
  }

  /** The trouble with the model that the agent told last and did not recover from. */
  get trouble(): ModelTrouble | undefined {
    return this.#troubles.unsolved;
  }

  /**
   * Takes a sign that may tell of the agent's own work, or trouble with the model or an MCP server. Returns whether it tells
   * trouble.
   */
  async hear(sign: AgentSign): Promise<boolean> {
    const own = this.#make.ownWorkOf(sign);
    if (own !== undefined) this.own_work.hear(own);
    const trouble = this.#make.troubleOf(sign, this.#clock.now());
    if (trouble !== undefined) await this.#troubles.take(trouble);
    const broken = this.#make.brokenServers(sign);
    for (const server of broken) await this.#noteBroken(server);
    return trouble !== undefined || broken.length > 0;
  }

  /** The agent works without it, and may say so at each prompt. */
  async #noteBroken({ name, why }: BrokenServer): Promise<void> {
    if (this.#broken.has(name)) return;
    this.#broken.add(name);
    const text = `The agent cannot use MCP server '${name}'${why === undefined ? "" : `: ${why}`}`;
    await this.#events.note("warn", cut(text, LONGEST_ENTRY), "acp");
  }

  /** Takes an update that a loaded session replays. Only its plan is used; the rest was reported before. */
  remember(update: WireObject): void {
    const steps = this.#make.planOf(update);
    if (steps !== undefined) this.#steps = steps;
    const kind = String(update.sessionUpdate);
    if (/^(user_message|agent_message|agent_thought|tool_call|plan)/.test(kind)) this.history++;
  }

  /** Forgets the replayed updates of a session that could not be loaded after all, and its failure. */
  forget(): void {
    if (this.history > 0) this.#steps = [];
    this.history = 0;
    this.#hidden_failure = false;
    this.#failure_text = undefined;
  }

  /** Whether the turn has failed, although the agent may end it as if it had not. */
  get has_failed(): boolean {
    return this.#hidden_failure;
  }

  /** Why a turn has failed that the agent ends as if it had not; empty if it does not say. */
  get failure_text(): string {
    return this.#failure_text ?? this.transcript.output;
  }

  denied(denial: Denial): void {
    this.#denials.push(denial);
    this.#continued = false;
  }

  /** Takes the prompt's result and returns the facts of the turn. */
  async end(result: WireObject): Promise<Omit<TurnFacts, "stop_reason" | "unanswered">> {
    await this.transcript.flush();
    const tokens = this.#make.tokensOf(result) ?? this.#tokens_of_calls;
    this.#tokens_of_calls = undefined;
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
      failure_text: this.failure_text,
      is_refused: this.#isRefused,
      trouble: this.trouble,
      last_message: this.transcript.output,
      steps: this.#steps,
    };
  }

  #count(tokens: Record<string, number> | undefined): void {
    if (tokens === undefined) return;
    const sum = this.#tokens_of_calls ??= {};
    for (const [name, count] of Object.entries(tokens)) sum[name] = (sum[name] ?? 0) + count;
  }

  async #follow(steps: PlanStep[]): Promise<void> {
    this.#steps = steps;
    const progress = progressOf(steps);
    if (sameProgress(this.#progress, progress)) return;
    this.#progress = progress;
    await this.transcript.flush();
    await this.#events.emit(progress);
  }

  async #emitUsage(): Promise<void> {
    const now = this.#clock.monotonic();
    if (Object.keys(this.usage).length === 0 || now - this.#usage_emitted_at < USAGE_EVENT_EVERY_MS) return;
    this.#usage_emitted_at = now;
    await this.#events.emit({ kind: "usage", usage: { ...this.usage } });
  }
}

/** Whether the update shows that the model has answered. */
function isWork({ sessionUpdate }: WireObject): boolean {
  return sessionUpdate === "agent_message_chunk" || sessionUpdate === "agent_thought_chunk" ||
    sessionUpdate === "tool_call" || sessionUpdate === "tool_call_update";
}
