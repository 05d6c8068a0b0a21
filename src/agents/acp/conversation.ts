/** The conversation of one run with its agent: connect, open a session, prompt it turn by turn, cancel. */
import { type Clock, epochOf, isoTime, sleep, within } from "../../clock/clock.ts";
import type { RunRequest, TurnMessage } from "../../domain/run_request.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import type { EventQueue } from "../reporting/event_queue.ts";
import { createLastWords, type LastWords } from "../reporting/last_words.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import type { OfferNews } from "../../domain/agent_offer.ts";
import { AgentFailure, AgentGone, AgentRefusal, NotOffered, SessionLost } from "./agent_failure.ts";
import { zoneOf } from "./agent_moment.ts";
import { type AcpConnection, connectAgent } from "./connection.ts";
import { offerOfNotice, offerOfUpdate } from "./offer.ts";
import type { Permissions } from "./permissions.ts";
import { troubleInText } from "./model_trouble.ts";
import { kindOfText } from "./failure_kind.ts";
import type { PlacedFiles } from "../attachments/placed_files.ts";
import { afterForgotten, type Delivering, messageBlocks, openingPrompt } from "./opening_prompt.ts";
import { cannotGoOn } from "./adopted_session.ts";
import type { Questions } from "./questions.ts";
import type { SessionBounds } from "./agent_call.ts";
import { type OpenedSession, openSession, type SessionSteps } from "./session.ts";
import { setUpSession } from "./set_up.ts";
import { steer } from "./steering.ts";
import { UnofferedRequests } from "./unoffered.ts";
import type { AcpTurns } from "./turns.ts";
import { cut, objectOf } from "./wire_value.ts";

/** What an agent says and does, besides reports on the session itself. */
const WORK = /^(agent_message_chunk|agent_thought_chunk|tool_call|tool_call_update|plan)$/;
const SPEECH = /^agent_/;

export interface ConversationOptions {
  clock: Clock;
  request: RunRequest;
  make: AgentMake;
  process: SupervisedProcess;
  bounds: SessionBounds;
  events: EventQueue;
  turns: AcpTurns;
  permissions: Permissions;
  questions: Questions;
  /** The attachments that go into the workspace. */
  placed: PlacedFiles;
  isPaused: () => boolean;
  /** Whether the present turn is to end. */
  isInterrupted: () => boolean;
  /** Called when the agent has been sent a prompt. */
  onPrompted: () => void;
  /** Called for whatever the agent sends: a sign of life. */
  onBytes: () => void;
}

export class Conversation {
  /** What the agent printed on stdout although it is no message. */
  readonly junk: LastWords = createLastWords();

  readonly #options: ConversationOptions;
  #connection: AcpConnection | undefined;
  #session_id: string | undefined;
  #steerable = false;
  /** Updates are new from the prompt on. While a session is being loaded, they are history. */
  #phase: "opening" | "loading" | "working" | "over" = "opening";
  #result: Promise<WireObject> | undefined;
  /** The last prompt, and how its turn ended. */
  #told: WireObject[] = [];
  #stop_reason: unknown;
  /** What the agent takes in a prompt besides text. */
  #accepts: readonly string[] = [];
  /** Whether the agent has done or said anything after the prompt. */
  #has_news = false;
  /** Whether it has done anything. */
  #has_acted = false;

  constructor(options: ConversationOptions) {
    this.#options = options;
  }

  /** Opens the session that is wanted, and prompts it. Returns the prompt's result. Rejects with `AgentFailure` if there is none. */
  async hold(wanted: RunRequest): Promise<WireObject> {
    const { clock, make, process, bounds, events, turns, permissions, questions, isPaused } = this.#options;
    const unoffered = new UnofferedRequests(make, events);
    this.#connection = await connectAgent({
      clock,
      zone: zoneOf(wanted),
      process,
      onBytes: this.#options.onBytes,
      update: (params) => this.#update(params),
      notice: (method, params) => this.#notice(method, params),
      junk: (line, why) => {
        this.junk.add(line);
        return events.note("warn", `Ignored on stdout, ${why}: ${cut(line, 500)}`, "stdout");
      },
      permission: async (params, signal) => {
        await turns.transcript.asked(objectOf(params.toolCall) ?? {});
        return await permissions.ask(params, signal);
      },
      question: (params, signal) => questions.ask(params, signal),
      // What follows belongs to the turn only if the agent does not go on of itself.
      promptAnswered: () => turns.hold(),
      unoffered: (method) => unoffered.take(method),
      questionCompleted: (params) => questions.completed(params.elicitationId),
      isPaused,
    });
    const { call } = this.#connection;
    const warn = (message: string) => events.note("warn", message, "acp");
    const found = (news: OfferNews) => this.#found(news);
    const steps = { call, make, bounds, warn, found };
    const request = await this.#loadable(wanted, warn);
    if (request.resume !== undefined) this.#phase = "loading";
    const opened = await openSession(request, steps).catch((error) => this.#noted(error));
    const { session_id, resumable, resumed } = opened;
    this.#session_id = session_id;
    this.#steerable = opened.steerable;
    if (opened.replayed) await this.#untilReplayed(make.replay_pause_ms);
    // What a session holds that was taken up just now is not of this task.
    if (!resumed || (request.resume?.adopted && request.earlier === undefined)) turns.forget();
    if (!resumed) this.#phase = "working";
    const { cost, adopted } = request.resume ?? {};
    turns.now.beginCount(resumed ? cost ?? (adopted ? "unknown" : undefined) : undefined);
    const opened_at = resumed ? request.resume?.opened_at : isoTime(clock.now());
    const forgetful = make.forgets_ended_turns || undefined;
    await events.emit({
      kind: "session",
      session_id,
      opened_at,
      resumable,
      resumed,
      ...forgetful && { forgetful },
    });
    await this.#setUp(request, opened, steps);
    try {
      this.#phase = "working";
      const prompt = await openingPrompt(request, opened, turns.replay, this.#delivering, make, warn);
      await process.left.noteOwn();
      const result = await this.#send(prompt);
      if (resumed && turns.now.has_failed) this.#requireOwnFailure(turns.now.failure_text);
      return result;
    } catch (error) {
      // It answered that the session is loaded, but could not go on with it. Nothing has been done yet.
      if (resumed && this.#costsSession(error)) throw new SessionLost(error);
      throw error;
    }
  }

  /** The request without its session if that cannot be loaded now. */
  async #loadable(request: RunRequest, warn: SessionSteps["warn"]): Promise<RunRequest> {
    const { clock, make } = this.#options;
    const { resume } = request;
    const opened_ms = resume?.opened_at === undefined ? undefined : epochOf(resume.opened_at);
    const obstacle = resume && make.obstacleToLoad(opened_ms, clock.now());
    if (resume === undefined || obstacle === undefined) return request;
    if (resume.adopted) return await this.#noted(cannotGoOn(resume.session_id, obstacle));
    await warn(`The earlier session cannot be loaded, a new one begins: ${obstacle}`);
    return { ...request, resume: undefined };
  }

  /** Waits until the agent has been quiet for `pause_ms`. It has replayed all of the session then. */
  async #untilReplayed(pause_ms: number): Promise<void> {
    if (pause_ms === 0) return;
    const { clock, turns: { replay } } = this.#options;
    for (let seen = -1; seen !== replay.count;) {
      seen = replay.count;
      await sleep(clock, pause_ms);
    }
  }

  /** Begins another turn. Returns the prompt's result. Rejects with `AgentFailure` if there is none. */
  async prompt(message: TurnMessage): Promise<WireObject> {
    const { make, turns, permissions, questions } = this.#options;
    const blocks = await messageBlocks(message, this.#delivering);
    const isForgotten = make.forgets_ended_turns && this.#stop_reason !== "end_turn";
    const prompt = isForgotten ? afterForgotten(this.#told, blocks) : blocks;
    permissions.reopen();
    questions.reopen();
    await turns.begin();
    turns.own_work.turnBegins();
    const result = this.#send(prompt);
    // What the agent has done since its last turn ended is of this one.
    turns.release();
    return await result;
  }

  get #delivering(): Delivering {
    const { placed, request: { working_dir } } = this.#options;
    return { accepts: this.#accepts, placed, working_dir };
  }

  async #send(prompt: WireObject[]): Promise<WireObject> {
    const { call } = this.#connection!;
    const sessionId = this.#session_id!;
    this.#told = prompt;
    this.#result = call("session/prompt", { sessionId, prompt }, Infinity);
    this.#options.onPrompted();
    void this.#options.events.emit({ kind: "prompted" });
    const result = await this.#result.catch((error): WireObject => {
      // Some agents fail a turn that is canceled.
      if (this.#options.isInterrupted() && error instanceof AgentRefusal) return { stopReason: "cancelled" };
      throw error;
    });
    this.#stop_reason = result.stopReason;
    return result;
  }

  /** Throws the failure of a turn that has ended as if it had not failed, if the loaded session may be to blame. */
  #requireOwnFailure(said: string): void {
    const message = said.trim() || "The agent reports a system error";
    const { moment } = this.#options.turns.now;
    const trouble = troubleInText(message, moment, kindOfText(said) ?? "refused");
    const failure = new AgentRefusal(message, 0, trouble);
    if (this.#costsSession(failure)) throw failure;
  }

  /** Whether the failure of the first prompt in a loaded session is the session's own, or may be. */
  #costsSession(error: unknown): error is AgentFailure {
    if (this.#options.isInterrupted()) return false;
    if (error instanceof AgentGone) return !this.#has_news;
    return error instanceof AgentRefusal && !this.#has_acted && error.may_be_of_session;
  }

  /** An earlier session whose mode or model cannot be set is not insisted on. */
  async #setUp(request: RunRequest, opened: OpenedSession, steps: SessionSteps): Promise<void> {
    try {
      await setUpSession(request, opened, steps);
    } catch (error) {
      if (error instanceof NotOffered) await this.#noted(error);
      throw opened.resumed && error instanceof AgentFailure ? new SessionLost(error) : error;
    }
  }

  /** Throws the error. One that is the task's own is in its log with the choices. */
  async #noted(error: unknown): Promise<never> {
    if (error instanceof NotOffered) {
      await this.#options.events.note("error", error.message, "acp", error.details);
    }
    throw error;
  }

  async #found(news: OfferNews): Promise<void> {
    const { takes_badly } = this.#options.make;
    if (news.accepts) this.#accepts = news.accepts.filter((kind) => !takes_badly.some((one) => one === kind));
    await this.#options.events.emit({ kind: "offer", news });
  }

  /** Takes a notification other than `session/update`. */
  async #notice(method: string, params: WireObject): Promise<void> {
    if (this.#phase === "over") return;
    const news = offerOfNotice(method, params);
    if (news !== undefined) await this.#found(news);
    await this.#options.turns.hear({ from: "notification", method, params });
  }

  /** As `Run.steer`. */
  async steer(message: TurnMessage): Promise<boolean> {
    const isAtWork = this.#phase === "working" && this.#result !== undefined;
    if (!isAtWork || !this.#steerable || !this.#connection || this.#session_id === undefined) return false;
    const prompt = await messageBlocks(message, this.#delivering);
    return await steer(this.#connection.call, this.#session_id, prompt);
  }

  /** Asks the agent to end its turn, and waits at most `bound_ms` for it to do so. Returns whether it has. */
  async cancel(bound_ms: number): Promise<boolean> {
    if (this.#result === undefined) return true;
    const sent = this.#connection?.notify("session/cancel", { sessionId: this.#session_id });
    // Only after the cancellation. Otherwise the agent would take `cancelled` for a refusal and continue.
    this.#options.permissions.close();
    this.#options.questions.close();
    await sent;
    const ended = this.#result.then(() => true, () => true);
    return await within(this.#options.clock, bound_ms, ended, false);
  }

  /** Ignores whatever the agent still sends. */
  end(): void {
    this.#phase = "over";
  }

  close(): void {
    this.#connection?.close();
  }

  async #update(params: WireObject): Promise<void> {
    const { turns, events, make } = this.#options;
    const sent = objectOf(params.update);
    if (sent === undefined || this.#phase === "over") return;
    const update = make.inProtocolTerms(sent);
    // Ignores the sessions of subagents: they report to the session that started them.
    if (this.#session_id !== undefined && params.sessionId !== this.#session_id) return;
    const news = offerOfUpdate(update);
    if (news !== undefined) return await this.#found(news);
    if (this.#phase === "loading") return turns.remember(update);
    const kind = String(update.sessionUpdate);
    if (this.#result !== undefined && WORK.test(kind)) {
      if (!this.#has_news) void events.emit({ kind: "at_work" });
      this.#has_news = true;
      this.#has_acted ||= !SPEECH.test(kind);
    }
    await turns.update(update);
  }
}
