/** The conversation of one run with its agent: connect, open a session, prompt it once, cancel. */
import { type Clock, within } from "../../clock/clock.ts";
import type { RunRequest } from "../../domain/run.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { createLastWords, type LastWords } from "../reporting/last_words.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import type { OfferNews } from "../../domain/agent_offer.ts";
import { AgentFailure, AgentGone, AgentRefusal, NotOffered, SessionLost } from "./agent_failure.ts";
import { type AcpConnection, connectAgent } from "./connection.ts";
import { offerOfNotice, offerOfUpdate } from "./offer.ts";
import type { Permissions } from "./permissions.ts";
import { promptBlocks } from "./prompt.ts";
import type { Questions } from "./questions.ts";
import { type OpenedSession, openSession, type SessionBounds, type SessionSteps } from "./session.ts";
import { setUpSession } from "./set_up.ts";
import type { AcpTurn } from "./turn.ts";
import { cut, objectOf } from "./wire_value.ts";

export interface ConversationOptions {
  clock: Clock;
  request: RunRequest;
  make: AgentMake;
  process: SupervisedProcess;
  bounds: SessionBounds;
  events: EventQueue;
  turn: AcpTurn;
  permissions: Permissions;
  questions: Questions;
  isPaused: () => boolean;
  /** Called for whatever the agent sends: a sign of life. */
  onBytes: () => void;
}

export class Conversation {
  /** What the agent printed on stdout although it is no message. */
  readonly junk: LastWords = createLastWords();

  readonly #options: ConversationOptions;
  #connection: AcpConnection | undefined;
  #session_id: string | undefined;
  /** Updates are new from the prompt on. While a session is being loaded, they are history. */
  #phase: "opening" | "loading" | "working" | "over" = "opening";
  #result: Promise<WireObject> | undefined;
  /** Whether the agent has done or said anything after the prompt. */
  #has_news = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
  }

  /** Returns the result of the prompt. Rejects with `AgentFailure` if the agent gives none. */
  async hold(): Promise<WireObject> {
    const { clock, request, make, process, bounds, events, turn, permissions, questions, isPaused } = this
      .#options;
    this.#connection = await connectAgent({
      clock,
      process,
      onBytes: this.#options.onBytes,
      update: (params) => this.#update(params),
      notice: (method, params) => this.#notice(method, params),
      junk: (line, why) => {
        this.junk.add(line);
        return events.note("warn", `Ignored on stdout, ${why}: ${cut(line, 500)}`, "stdout");
      },
      permission: (params, signal) => permissions.ask(params, signal),
      question: (params, signal) => questions.ask(params, signal),
      questionCompleted: (params) => questions.completed(params.elicitationId),
      isPaused,
    });
    const { call } = this.#connection;
    const warn = (message: string) => events.note("warn", message, "acp");
    const found = (news: OfferNews) => this.#found(news);
    const steps = { call, make, bounds, warn, found };
    if (request.resume !== undefined) this.#phase = "loading";
    const opened = await openSession(request, steps);
    const { session_id, resumable, resumed } = opened;
    this.#session_id = session_id;
    if (!resumed) {
      turn.forget();
      this.#phase = "working";
    }
    await events.emit({ kind: "session", session_id, resumable, resumed });
    await this.#setUp(opened, steps);
    try {
      // A session that was killed before its prompt arrived has no history, so it needs the prompt.
      const continues = resumed && turn.history > 0;
      this.#phase = "working";
      const prompt = promptBlocks(request.task, continues);
      this.#result = call("session/prompt", { sessionId: session_id, prompt }, Infinity);
      return await this.#result;
    } catch (error) {
      // It answered that the session is loaded, but could not go on with it. Nothing has been done yet.
      if (resumed && !this.#has_news && losesSession(error)) throw new SessionLost(error);
      throw error;
    }
  }

  /** An earlier session whose mode or model cannot be set is not insisted on. */
  async #setUp(opened: OpenedSession, steps: SessionSteps): Promise<void> {
    try {
      await setUpSession(this.#options.request, opened, steps);
    } catch (error) {
      const isTheTasks = error instanceof NotOffered;
      if (isTheTasks) await this.#options.events.note("error", error.message, "acp", error.details);
      throw opened.resumed && error instanceof AgentFailure && !isTheTasks ? new SessionLost(error) : error;
    }
  }

  async #found(news: OfferNews): Promise<void> {
    await this.#options.events.emit({ kind: "offer", news });
  }

  /** Takes a notification other than `session/update`. */
  async #notice(method: string, params: WireObject): Promise<void> {
    const news = offerOfNotice(method, params);
    if (news !== undefined) await this.#found(news);
    await this.#options.turn.hear({ from: "notification", method, params });
  }

  /** Asks the agent to end its turn, and waits at most `bound_ms` for it to do so. */
  async cancel(bound_ms: number): Promise<void> {
    if (this.#result === undefined || this.#session_id === undefined) return;
    const sent = this.#connection?.notify("session/cancel", { sessionId: this.#session_id });
    // Only after the cancellation. Otherwise the agent would take `cancelled` for a refusal and continue.
    this.#options.permissions.close();
    this.#options.questions.close();
    await sent;
    await within(this.#options.clock, bound_ms, this.#result.catch(() => {}), undefined);
  }

  /** Ignores whatever the agent still sends. */
  end(): void {
    this.#phase = "over";
  }

  close(): void {
    this.#connection?.close();
  }

  async #update(params: WireObject): Promise<void> {
    const { turn, events } = this.#options;
    const update = objectOf(params.update);
    if (update === undefined || this.#phase === "over") return;
    // Ignores the sessions of subagents: they report to the session that started them.
    if (this.#session_id !== undefined && params.sessionId !== this.#session_id) return;
    const news = offerOfUpdate(update);
    if (news !== undefined) return await this.#found(news);
    if (this.#phase === "loading") return turn.remember(update);
    if (this.#result !== undefined && !this.#has_news) {
      this.#has_news = true;
      void events.emit({ kind: "at_work" });
    }
    await turn.update(update);
  }
}

function losesSession(error: unknown): error is AgentFailure {
  return error instanceof AgentGone || error instanceof AgentRefusal && error.misses_session;
}
