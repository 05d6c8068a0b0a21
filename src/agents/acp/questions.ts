/** The questions of one run. Each is answered exactly once: by a client, by its timeout, by the agent itself, or by the end. */
import { type Clock, isoTime } from "../../clock/clock.ts";
import { type Actor, actorName } from "../../domain/actor.ts";
import type { AnswerContent, Question, QuestionAnswer } from "../../domain/question.ts";
import type { WireObject } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { readQuestion } from "./question_request.ts";
import { oneLine, textOf } from "./wire_value.ts";

/** The protocol's answer to `elicitation/create`. */
export type ElicitationAnswer =
  | { action: "accept"; content?: AnswerContent }
  | { action: "decline" | "cancel" };

const CANCELLED: ElicitationAnswer = { action: "cancel" };

/** The most open questions. More are answered with `cancel`. */
const MOST_OPEN = 50;

/** `end`: the run ends, or the agent has withdrawn the question. */
type Settler = "client" | "timeout" | "end";

interface OpenQuestion {
  question: Question;
  /** The agent's own id of a page to visit. */
  elicitation_id: string | undefined;
  settle(answer: QuestionAnswer, by: Settler, actor?: Actor): void;
}

/** How a question ended. */
interface Settlement {
  answer: QuestionAnswer;
  by: Settler;
  /** The client that answered. */
  actor?: Actor;
}

export interface QuestionsOptions {
  clock: Clock;
  timeout_ms: number;
  attempt: number;
  events: EventQueue;
  /** Whether the agent does not wait for the answer. */
  goesOn: (params: WireObject) => boolean;
}

export class Questions {
  /** The questions that nobody answered in time, each in one line. */
  readonly unanswered: string[] = [];

  readonly #options: QuestionsOptions;
  readonly #open = new Map<string, OpenQuestion>();
  #asked = 0;
  #closed = false;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** Whether the agent waits for a person. */
  get waiting(): boolean {
    return [...this.#open.values()].some(({ question }) => question.agent_goes_on !== true);
  }

  /** Answers the agent's question. `signal` aborts when the agent withdraws it. */
  async ask(params: WireObject, signal: AbortSignal): Promise<ElicitationAnswer> {
    const { clock, timeout_ms, events, goesOn } = this.#options;
    if (this.#closed) return CANCELLED;
    const read = this.#open.size < MOST_OPEN ? readQuestion(params) : `${MOST_OPEN} questions wait already`;
    if (typeof read === "string") {
      const what = oneLine(String(params.message), 200);
      await events.note("warn", `A question was answered with cancel, since ${read}: ${what}`, "question");
      return CANCELLED;
    }
    const question: Question = {
      question_id: this.#newId(),
      ...read,
      expires_at: isoTime(clock.now() + timeout_ms),
      agent_goes_on: goesOn(params) || undefined,
    };
    const settlement = await this.#askClient(question, textOf(params.elicitationId), signal);
    await this.#report(question, settlement);
    const { answer } = settlement;
    if (answer.action !== "accept") return { action: answer.action };
    return question.url === undefined
      ? { action: "accept", content: answer.content ?? {} }
      : { action: "accept" };
  }

  /** Returns false if no such question is open. */
  answer(question_id: string, answer: QuestionAnswer, actor: Actor): boolean {
    const open = this.#open.get(question_id);
    open?.settle(answer, "client", actor);
    return open !== undefined;
  }

  /** The agent says that what it sent a person to a page for is done. */
  completed(elicitation_id: unknown): void {
    for (const open of [...this.#open.values()]) {
      if (elicitation_id !== undefined && open.elicitation_id === elicitation_id) {
        open.settle(CANCELLED, "end");
      }
    }
  }

  /** Answers every open and every later question with `cancel`, because the run ends. */
  close(): void {
    this.#closed = true;
    for (const open of [...this.#open.values()]) open.settle(CANCELLED, "end");
  }

  async #askClient(
    question: Question,
    elicitation_id: string | undefined,
    signal: AbortSignal,
  ): Promise<Settlement> {
    const { clock, timeout_ms, events } = this.#options;
    const answered = new Promise<Settlement>((resolve) => {
      const settle = (answer: QuestionAnswer, by: Settler, actor?: Actor) => {
        if (!this.#open.delete(question.question_id)) return;
        timer.cancel();
        signal.removeEventListener("abort", withdraw);
        resolve({ answer, by, actor });
      };
      const withdraw = () => settle(CANCELLED, "end");
      const timer = clock.after(timeout_ms, () => settle(CANCELLED, "timeout"));
      signal.addEventListener("abort", withdraw, { once: true });
      this.#open.set(question.question_id, { question, elicitation_id, settle });
      if (signal.aborted) withdraw();
    });
    await events.emit({ kind: "question_asked", question });
    return await answered;
  }

  async #report(
    { question_id, message }: Question,
    { answer: { action }, by, actor }: Settlement,
  ): Promise<void> {
    const { events } = this.#options;
    const title = oneLine(message, 500);
    if (by === "timeout") this.unanswered.push(oneLine(message, 200));
    const isNamed = actor !== undefined && actor.kind !== "anonymous";
    // The content stays out of the log: it may hold a secret.
    await events.emit({
      kind: "log",
      level: by === "timeout" ? "warn" : "info",
      message: by === "timeout"
        ? `Question answered with cancel, since nobody answered in time: ${title}`
        : `Question answered (${action}, by ${isNamed ? actorName(actor) : by}): ${title}`,
      source: "question",
      details: { question_id, by: actor },
    });
    await events.emit({ kind: "question_settled", question_id, action, by });
  }

  /** The random part is needed because a recovered task may run the same attempt again. */
  #newId(): string {
    const chance = Math.floor(this.#options.clock.random() * 36 ** 6).toString(36).padStart(6, "0");
    return `ask_${this.#options.attempt}_${++this.#asked}_${chance}`;
  }
}
