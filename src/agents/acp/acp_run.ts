/** One attempt of one task by one agent: its conversation, and the end of its process tree. */
import { type Clock, within } from "../../clock/clock.ts";
import type { Actor } from "../../domain/actor.ts";
import type { PolicyNote } from "../../domain/permission_binding.ts";
import type { QuestionAnswer } from "../../domain/question.ts";
import type { Run, RunListener, RunOutcome, Stopping } from "../../domain/run.ts";
import type { RunRequest, TurnMessage } from "../../domain/run_request.ts";
import { keptText } from "../attachments/placed_files.ts";
import type { AgentMake } from "../makes/agent_make.ts";
import { EventQueue } from "../reporting/event_queue.ts";
import { lifeSigns } from "../reporting/life_signs.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import { LAST_STDERR_MS } from "./agent_link.ts";
import { AgentAtWork } from "./agent_at_work.ts";
import { AgentRefusal, GivenUp, type Verdict, verdictOf } from "./agent_failure.ts";
import type { AcpBounds } from "./bounds.ts";
import { hasWorked } from "./prompt.ts";
import { type RunParts, runParts } from "./run_parts.ts";
import { outcomeOf } from "./turn_end.ts";
import { TurnTaking } from "./turn_taking.ts";

/** How long the listener may take for the last events. Then the outcome is given without waiting for it. */
const LAST_EVENTS_MS = 10_000;

export interface AcpRunOptions {
  request: RunRequest;
  listener: RunListener;
  clock: Clock;
  make: AgentMake;
  process: SupervisedProcess;
  /** Starts another process of the same agent. */
  spawn: () => Promise<SupervisedProcess>;
  bounds: AcpBounds;
  /** What the log says of how the agent is held to its permissions. */
  notes: readonly PolicyNote[];
}

export class AcpRun implements Run {
  readonly outcome: Promise<RunOutcome>;

  readonly #options: AcpRunOptions;
  readonly #events: EventQueue;
  readonly #parts: RunParts;
  readonly #turns: TurnTaking;
  readonly #work: AgentAtWork;

  #isOver = false;
  #stopping = false;
  #paused = false;
  #stopped: Promise<void> | undefined;

  constructor(options: AcpRunOptions) {
    this.#options = options;
    const { request, listener, clock, make, process, spawn, bounds } = options;
    const events = this.#events = new EventQueue(request.task.id, listener, process.masker);
    const isPaused = () => this.#paused;
    const isStopping = () => this.#stopping;
    const turns = this.#turns = new TurnTaking({
      clock,
      request,
      make,
      bounds,
      events,
      isPaused,
      isStopping,
    });
    const parts: RunParts = this.#parts = runParts({
      request,
      clock,
      make,
      bounds,
      events,
      tmpDir: () => this.#work.link.process.tmp_dir,
      isIdle: () => this.#paused || turns.isBetween,
      onOwnTurn: () => turns.beginOwn(parts),
      giveUp: (failure, trouble) => turns.giveUp(failure, trouble),
    });
    const tell = lifeSigns(clock, () => void events.emit({ kind: "sign" }));
    this.#work = new AgentAtWork({
      clock,
      request,
      make,
      process,
      bounds,
      events,
      ...parts,
      isPaused,
      isInterrupted: () => turns.isInterrupted,
      onPrompted: () => turns.prompted(),
      onBytes() {
        parts.silence.sign();
        tell();
      },
      spawn,
      isStopping,
      warn: (message) => events.note("warn", message, "acp"),
    });
    this.outcome = this.#live();
  }

  /** Of the process at work, which may be replaced. */
  get pid(): number {
    return this.#work.link.process.pid;
  }

  answerPermission(permission_id: string, option_id: string, by: Actor): boolean {
    return this.#parts.permissions.answer(permission_id, option_id, by);
  }

  answerQuestion(question_id: string, answer: QuestionAnswer, by: Actor): boolean {
    return this.#parts.questions.answer(question_id, answer, by);
  }

  steer(message: TurnMessage): Promise<boolean> {
    return this.#stopping ? Promise.resolve(false) : this.#work.link.conversation.steer(message);
  }

  next(message: TurnMessage | undefined): boolean {
    return this.#turns.next(message);
  }

  interrupt(): void {
    if (!this.#stopping && !this.#isOver) this.#turns.interrupt();
  }

  async pause(): Promise<void> {
    this.#paused = true;
    await this.#work.link.process.pause();
  }

  async resume(): Promise<void> {
    await this.#work.link.process.resume();
    this.#paused = false;
    this.#parts.silence.sign();
  }

  stop({ parks = false }: Stopping = {}): Promise<void> {
    if (parks) {
      this.#parts.permissions.park();
      this.#parts.questions.park();
    }
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    // Between two turns, the run ends as the one before.
    if (!this.#isOver && !this.#turns.next(undefined)) {
      this.#stopping = true;
      if (this.#paused) await this.resume();
      const { process, conversation } = this.#work.link;
      const { cancel_ms } = this.#options.bounds;
      await process.end({ graceful: async () => void await conversation.cancel(cancel_ms) });
    }
    await this.outcome;
  }

  async #live(): Promise<RunOutcome> {
    const { clock, notes } = this.#options;
    const { turns, permissions, questions, silence } = this.#parts;
    let verdict: Verdict;
    try {
      void this.#events.emit({ kind: "started", pid: this.pid });
      for (const { level, message } of notes) void this.#events.note(level, message, "permission");
      verdict = await this.#turns.take(this.#work, this.#parts);
    } catch (error) {
      verdict = await this.#failure(error);
      if (this.#stopping) verdict = { status: "stopped" };
    }
    this.#isOver = true;
    const { process, conversation, stderr } = this.#work.link;
    conversation.end();
    turns.release();
    turns.now.troubles.stop();
    silence.stop();
    permissions.close();
    questions.close();
    await process.end();
    await this.#removePlaced();
    const last_events = stderr.ended.then(() => turns.transcript.end());
    await within(clock, LAST_EVENTS_MS, last_events, undefined);
    conversation.close();
    await within(clock, LAST_EVENTS_MS, this.#events.idle, undefined);
    return this.#outcomeOf(verdict);
  }

  async #removePlaced(): Promise<void> {
    const kept = await this.#parts.placed.remove();
    if (kept.length > 0) void this.#events.note("info", keptText(kept), "acp");
  }

  async #failure(error: unknown): Promise<Verdict> {
    const { clock, request, make, bounds } = this.#options;
    const turn = this.#parts.turns.now;
    // Gemini tells only on stderr, before its answer, when its limit ends.
    if (error instanceof AgentRefusal && error.lacks_end) {
      await within(clock, LAST_STDERR_MS, this.#work.link.stderr.ended, undefined);
    }
    if (error instanceof GivenUp) await this.#work.link.conversation.cancel(bounds.cancel_ms);
    return verdictOf(error, {
      task_id: request.task.id,
      last_words: await this.#work.link.wordsOn(error),
      login_advice: make.login.advice,
      trouble: turn.trouble,
      last_message: this.#parts.turns.transcript.output,
      model: request.model,
      at: turn.moment,
      has_worked: request.earlier !== undefined && hasWorked(request.earlier),
    });
  }

  #outcomeOf(verdict: Verdict): RunOutcome {
    const { transcript, now } = this.#parts.turns;
    const outcome: RunOutcome = outcomeOf(verdict, transcript.output, now);
    const { left } = this.#turns;
    if (verdict.exit_code !== undefined) outcome.exit_code = verdict.exit_code;
    if (left.length > 0) outcome.left_running = left;
    return outcome;
  }
}
