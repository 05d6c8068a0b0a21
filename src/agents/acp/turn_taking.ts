/** The turns that one agent process takes: each is heard out, judged and reported, and followed by the next, or by the end. */
import type { Clock } from "../../clock/clock.ts";
import type { Failure } from "../../domain/failure.ts";
import type { LeftProcess } from "../../domain/output.ts";
import type { TurnOutcome } from "../../domain/run.ts";
import type { RunRequest, TurnMessage } from "../../domain/run_request.ts";
import { leftWords } from "../../protocol/left_words.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { afterTurn } from "./after_turn.ts";
import type { AgentAtWork } from "./agent_at_work.ts";
import { AgentLate, GivenUp, type Verdict } from "./agent_failure.ts";
import type { AcpBounds } from "./bounds.ts";
import type { ModelTrouble } from "./model_trouble.ts";
import { NextTurn } from "./next_turn.ts";
import type { RunParts } from "./run_parts.ts";
import { endOf, outcomeOf } from "./turn_end.ts";

export interface TurnTakingOptions {
  clock: Clock;
  request: RunRequest;
  make: AgentMake;
  bounds: AcpBounds;
  events: EventQueue;
  isPaused: () => boolean;
  /** Whether the run is being ended. */
  isStopping: () => boolean;
}

export class TurnTaking {
  /** What the last turn has left at work. */
  left: LeftProcess[] = [];

  readonly #options: TurnTakingOptions;
  readonly #next: NextTurn;
  /** Rejects if the present turn must end since nothing more is to be expected of it. */
  #givenUp = newGivenUp();
  #isInterrupted = false;
  /** The agent has been sent the prompt of the present turn. */
  #isPrompted = false;
  /** How the prompt of the present turn was answered; absent while the agent is at work on it. */
  #result: WireObject | undefined;
  #at: { work: AgentAtWork; parts: RunParts } | undefined;

  constructor(options: TurnTakingOptions) {
    this.#options = options;
    this.#next = new NextTurn(options.clock);
  }

  /** Whether the agent is between two turns. */
  get isBetween(): boolean {
    return this.#next.isWaiting;
  }

  /** Whether the present turn is to end. */
  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  /** As `Run.next`. */
  next(message: TurnMessage | undefined): boolean {
    if (!this.#next.give(message)) return false;
    // From now on an interruption is of the turn to come.
    if (message !== undefined) this.#beginTurn();
    return true;
  }

  /** As `Run.interrupt`. */
  interrupt(): void {
    if (this.#at === undefined || this.#isInterrupted || this.isBetween) return;
    this.#isInterrupted = true;
    if (this.#at.parts.turns.own_work.isInTurn && this.#result !== undefined) {
      this.#result = { stopReason: "cancelled" };
    } // The wait for what follows a turn sees it. A turn that has no prompt yet is ended when it has.
    else if (this.#result !== undefined) return;
    if (this.#isPrompted) void this.#cancel();
  }

  /** To be called when the agent has been sent a prompt. */
  prompted(): void {
    this.#isPrompted = true;
    if (this.#isInterrupted) void this.#cancel();
  }

  /** The agent would only go on to ask its model in vain. */
  giveUp(failure: Failure, trouble: ModelTrouble): void {
    this.#givenUp.reject(new GivenUp(failure, trouble));
  }

  /** Returns the verdict on the last turn. Rejects if a turn has no end, or the agent no session. */
  async take(work: AgentAtWork, parts: RunParts): Promise<Verdict> {
    this.#at = { work, parts };
    let prompted = work.converse();
    for (;;) {
      this.#result = await this.#unlessGivenUp(prompted);
      const verdict = await this.#unlessGivenUp(this.#heardOut(work, parts));
      if (this.#options.isStopping()) return { status: "stopped", stop_reason: verdict.stop_reason };
      const message = await this.#nextMessage(verdict, work, parts);
      if (message === undefined) return verdict;
      parts.silence.sign();
      prompted = work.link.conversation.prompt(message);
    }
  }

  /** The turn that the agent was asked for, or one of its own, is over: it has begun another of itself. */
  async beginOwn({ turns, questions }: RunParts): Promise<void> {
    const verdict = await this.#judged(turns, questions);
    await this.#options.events.emit({ kind: "own_turn", outcome: outcomeIn(turns, verdict) });
    await turns.begin();
    // Nothing answers for it. It ends well unless something shows that it has not.
    this.#result = { stopReason: "end_turn" };
  }

  #beginTurn(): void {
    this.#result = undefined;
    this.#isPrompted = false;
    this.#isInterrupted = false;
    this.#givenUp = newGivenUp();
    this.left = [];
  }

  #unlessGivenUp<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#givenUp.promise]);
  }

  async #cancel(): Promise<void> {
    const { interrupt_ms, cancel_again_ms } = this.#options.bounds;
    for (let left_ms = interrupt_ms; left_ms > 0; left_ms -= cancel_again_ms) {
      if (await this.#at!.work.link.conversation.cancel(Math.min(cancel_again_ms, left_ms))) return;
    }
    const bound = `${Math.round(interrupt_ms / 1000)} s`;
    this.#givenUp.reject(new AgentLate(`The agent was interrupted and did not end its turn within ${bound}`));
  }

  /** The verdict on the present turn, once the agent has done what it does of itself after it. */
  async #heardOut({ link: { process } }: AgentAtWork, parts: RunParts): Promise<Verdict> {
    const { clock, make, request, events, isPaused, isStopping } = this.#options;
    const { turns, permissions, questions } = parts;
    let hasExited = false;
    void process.status.then(() => hasExited = true);
    const isGood = this.#result?.stopReason === "end_turn" && !turns.now.has_failed && !this.#isInterrupted;
    const mayGoOn = isGood && make.may_go_on;
    if (mayGoOn) turns.own_work.turnEnded();
    turns.release();
    await turns.transcript.flush();
    this.left = await afterTurn({
      clock,
      own_work: turns.own_work,
      list: () => process.left.list((command) => make.helpers?.test(command) === true),
      wait_ms: isGood ? request.wait_for_background_ms ?? 0 : 0,
      mayGoOn,
      onWait: (left) => {
        const text = `The turn has ended, and waits for ${leftWords(left)}`;
        void events.note("info", text, "acp");
        turns.transcript.doing(text);
      },
      isPaused,
      isWaiting: () => permissions.waiting || questions.waiting,
      isStopping: () => isStopping() || hasExited || this.#isInterrupted,
      hasNext: () => request.hasNext?.() === true,
    });
    return await this.#judged(turns, questions);
  }

  #judged(turns: RunParts["turns"], { unanswered }: RunParts["questions"]): Promise<Verdict> {
    const { events } = this.#options;
    const result = this.#result ?? {};
    const { model } = this.#options.request;
    return endOf({ turn: turns.now, result, unanswered, model, isInterrupted: this.#isInterrupted, events });
  }

  /** Reports that the turn has ended, and waits for what follows. Undefined: the run ends as that turn did. */
  async #nextMessage(
    verdict: Verdict,
    { link: { process } }: AgentAtWork,
    { turns }: RunParts,
  ): Promise<TurnMessage | undefined> {
    const { events, request, bounds } = this.#options;
    const next_ms = bounds.next_ms + (request.checks_ms ?? 0);
    turns.hold();
    this.#next.open();
    void events.emit({ kind: "turn_ended", outcome: outcomeIn(turns, verdict) });
    const message = await this.#next.message(next_ms, process.status);
    if (message !== undefined && typeof message !== "string") return message;
    if (message === "gone") await events.note("warn", "The agent ended by itself after its turn", "acp");
    if (message === "late") {
      await events.note("warn", "The agent is ended, since its next turn did not begin in time", "acp");
    }
    if (this.left.length > 0) {
      await events.note("warn", `Left at work, and ended with the agent: ${leftWords(this.left)}`, "acp");
    }
    return undefined;
  }
}

function newGivenUp(): PromiseWithResolvers<never> {
  const givenUp = Promise.withResolvers<never>();
  // It may come when nobody waits for the turn any more.
  givenUp.promise.catch(() => {});
  return givenUp;
}

function outcomeIn({ transcript, now }: RunParts["turns"], verdict: Verdict): TurnOutcome {
  return outcomeOf(verdict, transcript.output, now);
}
