/** Follows the updates of one turn: emits events as they come, and keeps the facts that decide the turn's outcome. */
import type { Clock } from "../../clock/clock.ts";
import type { PlanStep } from "../../domain/task.ts";
import { counted } from "../../domain/usage_sums.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import type { AgentMoment } from "./agent_moment.ts";
import type { Denial, TurnFacts } from "./outcome.ts";
import { LONGEST_ENTRY } from "./speech.ts";
import { cut } from "./wire_value.ts";
import { type Progress, progressOf, sameProgress } from "./progress.ts";
import type { Transcript } from "./transcript.ts";
import type { ModelTrouble } from "./model_trouble.ts";
import type { TroubleWatch } from "./trouble_watch.ts";
import { limitInMeta } from "./rate_limit_meta.ts";
import { contextOf, type CostBefore, costOf, modelIn, tokensOfContext, withoutCost } from "./usage.ts";

const USAGE_EVENT_EVERY_MS = 1000;
/** An agent may sum its conversation up and go on, but not so often. */
const MOST_ANSWERS = 6;

export interface TurnOptions {
  clock: Clock;
  /** Of the agent. */
  zone: string;
  make: AgentMake;
  events: EventQueue;
  transcript: Transcript;
  troubles: TroubleWatch;
}

export class AcpTurn {
  /** What the session had cost before the turn. Agents tell the sum of the session. */
  cost_before: CostBefore;

  /** The tokens of all turns so far, of an agent that tells their sum. */
  tokens_so_far: Record<string, number> = {};

  readonly #options: TurnOptions;
  readonly #tokens_before: Record<string, number>;
  #usage: Record<string, unknown> = {};
  #steps: PlanStep[] = [];
  #progress: Progress | undefined;
  #usage_emitted_at = -Infinity;
  #denials: Denial[] = [];
  #continued = false;
  #hidden_failure = false;
  /** Why, if the agent says so. */
  #failure_text: string | undefined;
  /** An answer was withheld, and the agent has done nothing since. */
  #isRefused = false;
  /** The agent has said or done something. */
  #hasDone = false;
  /** The message that it says, and how many there were since its last tool call. */
  #answer: unknown;
  #answers = 0;
  /** Summed up since the turn began, of an agent that does not do that itself. */
  #tokens_of_calls: Record<string, number> | undefined;
  /** The size of the context after the last call of the model in this turn. */
  #context = 0;

  /** `before`: the turn before in the same process. */
  constructor(options: TurnOptions, before?: AcpTurn) {
    this.#options = options;
    this.cost_before = before?.session_cost;
    this.tokens_so_far = this.#tokens_before = before?.tokens_so_far ?? {};
  }

  /** Takes a new update. */
  async update(update: WireObject): Promise<void> {
    const { make, troubles, transcript } = this.#options;
    this.#count(make.tokensOfCall(update));
    const steps = make.planOf(update);
    if (!this.#hidden_failure && (steps !== undefined || isWork(update))) {
      await troubles.over(this.current_step);
    }
    this.#hasDone ||= isWork(update);
    if (make.answers_once) this.#countAnswers(update);
    if (steps !== undefined) return await this.#follow(steps);
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
      case "agent_thought_chunk":
        this.#continued = true;
        return await transcript.speech(update);
      case "tool_call":
        this.#continued = true;
        // The model works after all.
        this.#isRefused = false;
        return await transcript.toolCall(update);
      case "tool_call_update": {
        await transcript.toolCall(update);
        const title = make.deniedIn(update);
        if (title !== undefined) this.denied({ title, by: "policy" });
        return;
      }
      case "usage_update":
        this.#countCall(make.usageOf(update));
        return await this.#emitUsage();
    }
  }

  /** Now, where the agent is. */
  get moment(): AgentMoment {
    const { clock, zone } = this.#options;
    return { now_ms: clock.now(), zone };
  }

  get troubles(): TroubleWatch {
    return this.#options.troubles;
  }

  /** What it has used so far. The cost is of this turn alone. */
  get usage(): Record<string, unknown> {
    return withoutCost({ ...this.#tokens_of_calls, ...this.#usage }, this.cost_before);
  }

  /** What the session has cost, this turn included. */
  get session_cost(): CostBefore {
    return costOf(this.#usage) ?? this.cost_before;
  }

  /** Whether it has a plan, which names the current step. */
  get has_plan(): boolean {
    return this.#steps.length > 0;
  }

  /** What the agent does: its plan's step, else its last activity; undefined if neither is known. */
  get current_step(): string | undefined {
    return this.#progress?.current_step ?? this.#options.transcript.activity;
  }

  /** Tells anew what the agent does, after something else has been shown. */
  showStep(): void {
    const { troubles: { step }, events } = this.#options;
    const { current_step } = this;
    void events.emit(
      step === undefined ? { kind: "recovered", current_step } : { kind: "retrying", current_step: step },
    );
  }

  /** What the agent has not come back from, for somebody who wonders why it is silent. */
  get pending(): string {
    const { openCall } = this.#options.transcript;
    if (openCall !== undefined) return `since it began: ${openCall}`;
    const { trouble } = this;
    return trouble === undefined
      ? "while it waits for its model"
      : `after trouble with its model: ${trouble.what}`;
  }

  /** The trouble with the model that the agent told last and did not recover from. */
  get trouble(): ModelTrouble | undefined {
    return this.#options.troubles.unsolved;
  }

  /** Takes the plan that the session had. */
  remember(steps: PlanStep[]): void {
    this.#steps = steps;
  }

  /** Forgets what was told before the turn, such as the failure of a session that could not be loaded after all. */
  forget(): void {
    this.#steps = [];
    this.#hidden_failure = false;
    this.#failure_text = undefined;
  }

  /** The prompt follows. What was told of the session before is no part of the turn. `cost_before`: what it has cost. */
  beginCount(cost_before: CostBefore): void {
    this.cost_before = cost_before;
    this.#tokens_of_calls = undefined;
    this.#context = 0;
  }

  /** Whether the turn has failed, although the agent may end it as if it had not. */
  get has_failed(): boolean {
    return this.#hidden_failure;
  }

  /** Why a turn has failed that the agent ends as if it had not; empty if it does not say. */
  get failure_text(): string {
    return this.#failure_text ?? this.#options.transcript.output;
  }

  /** Takes what an update shows about the whole turn. Returns whether it was a notice, and no part of the answer. */
  async judge(update: WireObject): Promise<boolean> {
    const { make, transcript, events } = this.#options;
    const sign = make.turnSign(update);
    if (sign === "refused") this.#isRefused = true;
    else if (sign !== undefined) this.#hidden_failure = sign === "failed";
    const notice = make.noticeOf(update, this.#hidden_failure);
    if (notice === undefined) return false;
    if (this.#hidden_failure && notice.level === "error") this.#failure_text = notice.text;
    await transcript.flush();
    await events.note(notice.level, cut(notice.text, LONGEST_ENTRY), "agent");
    return true;
  }

  denied(denial: Denial): void {
    this.#denials.push(denial);
    this.#continued = false;
  }

  /** Takes the prompt's result and returns the facts of the turn. */
  async end(result: WireObject): Promise<Omit<TurnFacts, "stop_reason" | "unanswered">> {
    const { make, transcript } = this.#options;
    await transcript.flush();
    this.troubles.stop();
    const told = make.tokensOf(result);
    if (make.sums_tokens) this.tokens_so_far = told ?? this.#tokens_before;
    const model = modelIn(result);
    if (model !== undefined) this.#usage.model = model;
    const tokens = told === undefined ? this.#tokens_of_calls : without(told, this.#tokens_before);
    this.#tokens_of_calls = undefined;
    if (tokens !== undefined) {
      Object.assign(this.#usage, tokens);
      if (make.tokens_scope !== undefined) this.#usage.scope = make.tokens_scope;
    }
    this.#usage_emitted_at = -Infinity;
    await this.#emitUsage();
    return {
      denials: this.#denials,
      continued_after_denial: this.#continued,
      hidden_failure: this.#hidden_failure,
      failure_text: this.failure_text,
      is_refused: this.#isRefused,
      trouble: this.trouble ?? limitInMeta(result, this.moment.now_ms),
      at: this.moment,
      last_message: transcript.output,
      is_empty: !this.#hasDone && this.#steps.length === 0,
      doubt: make.doubtOf(result),
      steps: this.#steps,
    };
  }

  #countAnswers({ sessionUpdate, messageId }: WireObject): void {
    if (sessionUpdate === "tool_call" || sessionUpdate === "tool_call_update") this.#answers = 0;
    if (sessionUpdate !== "agent_message_chunk" || messageId === undefined || messageId === this.#answer) {
      return;
    }
    this.#answer = messageId;
    if (++this.#answers <= MOST_ANSWERS) return;
    const what =
      `The agent asks its model again and again, ${this.#answers} times by now: no answer arrives whole`;
    this.troubles.end({ kind: "network", what });
  }

  /** Takes what a `usage_update` tells. One with a cost comes at the end of a turn and tells the last context once more. */
  #countCall(told: Record<string, unknown>): void {
    Object.assign(this.#usage, told);
    const used = contextOf(told);
    if (!this.#options.make.tells_each_call || used === undefined || costOf(told)) return;
    this.#count(tokensOfContext(used, this.#context));
    this.#context = used;
  }

  #count(tokens: Record<string, number> | undefined): void {
    if (tokens === undefined) return;
    const sum = this.#tokens_of_calls ??= {};
    for (const [name, count] of Object.entries(tokens)) sum[name] = counted((sum[name] ?? 0) + count);
  }

  async #follow(steps: PlanStep[]): Promise<void> {
    this.#steps = steps;
    const progress = progressOf(steps);
    if (sameProgress(this.#progress, progress)) return;
    this.#progress = progress;
    const { transcript, events } = this.#options;
    await transcript.flush();
    await events.emit(progress);
  }

  async #emitUsage(): Promise<void> {
    const { clock, events } = this.#options;
    const now = clock.monotonic();
    const { usage } = this;
    if (Object.keys(usage).length === 0 || now - this.#usage_emitted_at < USAGE_EVENT_EVERY_MS) return;
    this.#usage_emitted_at = now;
    const { session_cost } = this;
    await events.emit(
      typeof session_cost === "object" ? { kind: "usage", usage, session_cost } : { kind: "usage", usage },
    );
  }
}

function without(tokens: Record<string, number>, before: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(tokens).map(([name, count]) => {
      const more = count - (before[name] ?? 0);
      // A lower total counts from nothing again.
      return [name, more < 0 ? count : more];
    }),
  );
}

/** Whether the update shows that the model has answered. */
export function isWork({ sessionUpdate }: WireObject): boolean {
  return sessionUpdate === "agent_message_chunk" || sessionUpdate === "agent_thought_chunk" ||
    sessionUpdate === "tool_call" || sessionUpdate === "tool_call_update";
}
