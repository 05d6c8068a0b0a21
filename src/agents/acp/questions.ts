/** The questions of one run. Each is answered exactly once: by a client, by its timeout, by the agent itself, or by the end. */
import type { Actor } from "../../domain/actor.ts";
import type { AnswerContent, Question, QuestionAnswer } from "../../domain/question.ts";
import type { WireObject } from "../makes/agent_make.ts";
import { questionKey } from "../../domain/parked.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import type { LateAnswers } from "./late_answers.ts";
import {
  MOST_OPEN,
  nameOf,
  OpenRequests,
  type OpenRequestsOptions,
  type Settlement,
} from "./open_requests.ts";
import { readQuestion } from "./question_request.ts";
import { oneLine, textOf } from "./wire_value.ts";

/** The protocol's answer to `elicitation/create`. */
export type ElicitationAnswer =
  | { action: "accept"; content?: AnswerContent }
  | { action: "decline" | "cancel" };

const CANCELLED: ElicitationAnswer = { action: "cancel" };

interface Asked {
  question: Question;
  /** The agent's own id of a page to visit. */
  elicitation_id: string | undefined;
}

export interface QuestionsOptions extends OpenRequestsOptions {
  events: EventQueue;
  /** Whether a question waits for its answer without end. */
  waits: boolean;
  /** Answers to what was asked before the agent was ended. */
  late: LateAnswers;
  /** Whether the agent does not wait for the answer. */
  goesOn: (params: WireObject) => boolean;
}

export class Questions {
  readonly #options: QuestionsOptions;
  readonly #open: OpenRequests<Asked, QuestionAnswer>;
  #unanswered: string[] = [];

  constructor(options: QuestionsOptions) {
    this.#options = options;
    this.#open = new OpenRequests<Asked, QuestionAnswer>(options, "ask", CANCELLED);
  }

  /** The questions of this turn that nobody answered in time, each in one line. */
  get unanswered(): readonly string[] {
    return this.#unanswered;
  }

  /** Whether the agent waits for a person. */
  get waiting(): boolean {
    return this.#open.all.some(({ request: { question } }) => question.agent_goes_on !== true);
  }

  /** Answers the agent's question. `signal` aborts when the agent withdraws it. */
  async ask(params: WireObject, signal: AbortSignal): Promise<ElicitationAnswer> {
    const { events, goesOn, waits, late } = this.#options;
    if (this.#open.isClosed) return CANCELLED;
    const read = this.#open.isFull ? `${MOST_OPEN} questions wait already` : readQuestion(params);
    if (typeof read === "string") {
      const what = oneLine(String(params.message), 200);
      await events.note("warn", `A question was answered with cancel, since ${read}: ${what}`, "question");
      return CANCELLED;
    }
    const question: Question = {
      question_id: this.#open.newId(),
      ...read,
      expires_at: waits ? undefined : this.#open.expires_at,
      agent_goes_on: goesOn(params) || undefined,
    };
    const before = late.question(questionKey(question));
    if (before !== undefined) {
      const { id, action, content, by: actor } = before;
      await this.#report(
        question,
        { answer: { action, content }, by: actor ? "client" : "timeout", actor },
        id,
      );
      return answerTo(question, { action, content });
    }
    const asked = { question, elicitation_id: textOf(params.elicitationId) };
    const answered = this.#open.ask(question.question_id, asked, CANCELLED, signal, waits);
    await events.emit({ kind: "question_asked", question });
    const settlement = await answered;
    if (settlement.by === "park") return CANCELLED;
    await this.#report(question, settlement);
    return answerTo(question, settlement.answer);
  }

  /** Returns false if no such question is open. */
  answer(question_id: string, answer: QuestionAnswer, actor: Actor): boolean {
    const open = this.#open.get(question_id);
    open?.settle(answer, "client", actor);
    return open !== undefined;
  }

  /** The agent says that what it sent a person to a page for is done. */
  completed(elicitation_id: unknown): void {
    if (elicitation_id === undefined) return;
    for (const { request, settle } of this.#open.all) {
      if (request.elicitation_id === elicitation_id) settle(CANCELLED, "end");
    }
  }

  /** Another turn begins. */
  reopen(): void {
    this.#open.reopen();
    this.#unanswered = [];
  }

  /** What is open stays so without this run. */
  park(): void {
    this.#open.park();
  }

  /** Answers every open and every later question with `cancel`, because the run or its turn ends. */
  close(): void {
    this.#open.close();
  }

  async #report(
    { question_id, message }: Question,
    { answer: { action }, by, actor }: Settlement<QuestionAnswer>,
    late?: string,
  ): Promise<void> {
    if (by === "park") return;
    const { events } = this.#options;
    const title = oneLine(message, 500);
    if (by === "timeout") this.#unanswered.push(oneLine(message, 200));
    // The content stays out of the log: it may hold a secret.
    await events.emit({
      kind: "log",
      level: by === "timeout" ? "warn" : "info",
      message: by === "timeout"
        ? `Question answered with cancel, since nobody answered in time: ${title}`
        : `Question answered (${action}, by ${nameOf(by, actor)}): ${title}`,
      source: "question",
      details: { question_id, by: actor },
    });
    await events.emit({
      kind: "question_settled",
      question_id,
      action,
      by,
      ...late === undefined ? {} : { late },
    });
  }
}

function answerTo({ url }: Question, { action, content }: QuestionAnswer): ElicitationAnswer {
  if (action !== "accept") return { action };
  return url === undefined ? { action, content: content ?? {} } : { action };
}
