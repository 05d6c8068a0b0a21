/**
 * One attempt of one task by an agent that speaks the Agent Client Protocol on its stdio: spawn it, hold the
 * conversation, judge the turn, end the process tree.
 */
import { type Clock, within } from "../../clock/clock.ts";
import type { Actor } from "../../domain/actor.ts";
import { ApiError } from "../../domain/errors.ts";
import type { QuestionAnswer } from "../../domain/question.ts";
import type { PolicyNote } from "../../domain/permission_binding.ts";
import type { Run, RunListener, RunOutcome, RunRequest, TurnMessage } from "../../domain/run.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { afterTurn } from "./after_turn.ts";
import type { LeftProcess } from "../../domain/output.ts";
import { duration } from "../../protocol/formats.ts";
import { leftWords } from "../../protocol/left_words.ts";
import { EventQueue } from "../reporting/event_queue.ts";
import { lifeSigns } from "../reporting/life_signs.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import type { RunHost } from "../supervision/supervisor.ts";
import { AgentAtWork } from "./agent_at_work.ts";
import { type AcpBounds, BOUNDS } from "./bounds.ts";
import { GivenUp, LONGEST_ERROR, type Verdict, verdictOf } from "./agent_failure.ts";
import { bindingOf } from "./permission_binding.ts";
import { diffReader } from "./diffs.ts";
import { judgeTurn } from "./outcome.ts";
import { placesOutside } from "./permission_scope.ts";
import { Permissions } from "./permissions.ts";
import { hasWorked } from "./prompt.ts";
import { keptText, PlacedFiles } from "../attachments/placed_files.ts";
import { Questions } from "./questions.ts";
import { SilenceWatch } from "./silence_watch.ts";
import { TroubleWatch } from "./trouble_watch.ts";
import { AcpTurn } from "./turn.ts";
import { cut, oneLine, textOf } from "./wire_value.ts";

/** How long the listener may take for the last events. Then the outcome is given without waiting for it. */
const LAST_EVENTS_MS = 10_000;

/**
 * Spawns the agent and begins. Throws the supervisor's `ApiError` when it cannot be spawned. If its program is missing and
 * known, `details.install` says how to get it, and an account.
 */
export async function startAcp(
  request: RunRequest,
  listener: RunListener,
  host: RunHost,
  make: AgentMake,
  bounds: Partial<AcpBounds> = {},
): Promise<Run> {
  const { bind, notes } = bindingOf(make, request);
  const spawn = () =>
    host.supervisor.spawn({
      command: [...request.agent.command, ...make.arguments(request)],
      request,
      defaults: make.environment(request),
      bind,
    });
  try {
    const process = await spawn();
    const load_ms = request.session_timeout_ms ?? BOUNDS.load_ms;
    const all_bounds = { ...BOUNDS, load_ms, ...bounds };
    return new AcpRun(request, listener, host.clock, make, process, spawn, all_bounds, notes);
  } catch (error) {
    if (!(error instanceof ApiError) || error.details.install === undefined) throw error;
    throw new ApiError(error.code, error.message, { ...error.details, install: make.install.advice });
  }
}

class AcpRun implements Run {
  readonly outcome: Promise<RunOutcome>;

  readonly #request: RunRequest;
  readonly #clock: Clock;
  readonly #make: AgentMake;
  readonly #bounds: AcpBounds;
  readonly #notes: readonly PolicyNote[];

  readonly #events: EventQueue;
  readonly #turn: AcpTurn;
  readonly #permissions: Permissions;
  readonly #questions: Questions;
  readonly #placed: PlacedFiles;
  readonly #silence: SilenceWatch;
  readonly #work: AgentAtWork;

  /** Rejects if the turn must end since the agent would only go on to ask its model in vain. */
  readonly #givenUp = Promise.withResolvers<never>();
  #is_over = false;
  #stopping = false;
  #paused = false;
  #stopped: Promise<void> | undefined;
  #left: LeftProcess[] = [];

  constructor(
    request: RunRequest,
    listener: RunListener,
    clock: Clock,
    make: AgentMake,
    process: SupervisedProcess,
    spawn: () => Promise<SupervisedProcess>,
    bounds: AcpBounds,
    notes: readonly PolicyNote[],
  ) {
    this.#request = request;
    this.#clock = clock;
    this.#make = make;
    this.#bounds = bounds;
    this.#notes = notes;
    const events = this.#events = new EventQueue(request.task.id, listener);
    const readDiffs = diffReader(make.changesOf, request.working_dir);
    const troubles = new TroubleWatch({
      clock,
      events,
      login_advice: make.login.advice,
      giveUp: (failure) => this.#givenUp.reject(new GivenUp(failure)),
    });
    const turn = this.#turn = new AcpTurn(clock, make, events, readDiffs, troubles, bounds.quiet_ms);
    const own = request.own_tools?.http.name;
    const permissions = this.#permissions = new Permissions({
      clock,
      policy: request.permissions,
      timeout_ms: request.permission_timeout_ms,
      attempt: request.attempt,
      readDiffs,
      events,
      callOf: (id) => turn.transcript.callOf(id),
      placesOutside: (call) =>
        placesOutside(call, {
          working_dir: request.working_dir,
          tmp_dir: this.#work.link.process.tmp_dir,
        }),
      isOwnTool: (call) => own !== undefined && make.isToolOf(call, own),
      denied: (denial) => turn.denied(denial),
    });
    const questions = this.#questions = new Questions({
      clock,
      timeout_ms: request.permission_timeout_ms,
      attempt: request.attempt,
      events,
      goesOn: (question) => make.goesOnAfter(question),
    });
    const placed = this.#placed = new PlacedFiles(request.working_dir, request.task.id);
    const silence = this.#silence = new SilenceWatch({
      clock,
      long_ms: bounds.silence_ms,
      isExpected: () => this.#paused || permissions.waiting || questions.waiting,
      report: (silent_ms, isLong) => {
        const current_step = oneLine(`No sign of life for ${duration(silent_ms)}, ${turn.pending}`, 200);
        void events.emit({ kind: "silent", current_step, isLong });
      },
      onSign: () => turn.showStep(),
    });
    const tell = lifeSigns(clock, () => void events.emit({ kind: "sign" }));
    this.#work = new AgentAtWork({
      clock,
      request,
      make,
      process,
      bounds,
      events,
      turn,
      permissions,
      questions,
      placed,
      isPaused: () => this.#paused,
      onBytes() {
        silence.sign();
        tell();
      },
      spawn,
      isStopping: () => this.#stopping,
      warn: (message) => this.#warn(message),
    });
    this.outcome = this.#live();
  }

  /** Of the process at work, which may be replaced. */
  get pid(): number {
    return this.#work.link.process.pid;
  }

  answerPermission(permission_id: string, option_id: string, by: Actor): boolean {
    return this.#permissions.answer(permission_id, option_id, by);
  }

  answerQuestion(question_id: string, answer: QuestionAnswer, by: Actor): boolean {
    return this.#questions.answer(question_id, answer, by);
  }

  steer(message: TurnMessage): Promise<boolean> {
    return this.#stopping ? Promise.resolve(false) : this.#work.link.conversation.steer(message);
  }

  async pause(): Promise<void> {
    this.#paused = true;
    await this.#work.link.process.pause();
  }

  async resume(): Promise<void> {
    await this.#work.link.process.resume();
    this.#paused = false;
    this.#silence.sign();
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    if (!this.#is_over) {
      this.#stopping = true;
      if (this.#paused) await this.resume();
      const { process, conversation } = this.#work.link;
      await process.end({ graceful: () => conversation.cancel(this.#bounds.cancel_ms) });
    }
    await this.outcome;
  }

  async #live(): Promise<RunOutcome> {
    let verdict: Verdict;
    try {
      void this.#events.emit({ kind: "started", pid: this.pid });
      for (const { level, message } of this.#notes) void this.#events.note(level, message, "permission");
      verdict = await this.#judge(await Promise.race([this.#turnAndAfter(), this.#givenUp.promise]));
    } catch (error) {
      verdict = await this.#failure(error);
    }
    if (this.#stopping) verdict = { status: "stopped", stop_reason: verdict.stop_reason };
    this.#is_over = true;
    const { process, conversation, stderr } = this.#work.link;
    conversation.end();
    this.#silence.stop();
    this.#permissions.close();
    this.#questions.close();
    await process.end();
    await this.#removePlaced();
    const last_events = stderr.ended.then(() => this.#turn.transcript.end());
    await within(this.#clock, LAST_EVENTS_MS, last_events, undefined);
    conversation.close();
    await within(this.#clock, LAST_EVENTS_MS, this.#events.idle, undefined);
    return outcomeOf(verdict, this.#turn, this.#left);
  }

  /** Returns the prompt's result once the agent has done what it does of itself after that. */
  async #turnAndAfter(): Promise<WireObject> {
    const result = await this.#work.converse();
    const { process } = this.#work.link;
    let hasExited = false;
    void process.status.then(() => hasExited = true);
    await this.#turn.transcript.flush();
    const isGood = result.stopReason === "end_turn" && !this.#turn.has_failed;
    this.#left = await afterTurn({
      clock: this.#clock,
      own_work: this.#turn.own_work,
      list: () => process.left.list((command) => this.#make.helpers?.test(command) === true),
      wait_ms: isGood ? this.#request.wait_for_background_ms ?? 0 : 0,
      mayGoOn: isGood && this.#make.may_go_on,
      onWait: (left) => {
        const text = `The turn has ended, and waits for ${leftWords(left)}`;
        void this.#events.note("info", text, "acp");
        this.#turn.transcript.doing(text);
      },
      isPaused: () => this.#paused,
      isWaiting: () => this.#permissions.waiting || this.#questions.waiting,
      isStopping: () => this.#stopping || hasExited,
    });
    if (this.#left.length > 0) {
      await this.#warn(`Left at work, and ended with the agent: ${leftWords(this.#left)}`);
    }
    return result;
  }

  async #removePlaced(): Promise<void> {
    const kept = await this.#placed.remove();
    if (kept.length > 0) void this.#events.note("info", keptText(kept), "acp");
  }

  async #judge(result: WireObject): Promise<Verdict> {
    const stop_reason = textOf(result.stopReason);
    const { unanswered } = this.#questions;
    const facts = { stop_reason, unanswered, ...await this.#turn.end(result) };
    const { status, failure, warnings: told } = judgeTurn(facts);
    const warnings = told.map((warning) => cut(warning, LONGEST_ERROR));
    for (const warning of warnings) await this.#warn(warning);
    return {
      status,
      stop_reason,
      warnings,
      failure: failure && { ...failure, message: cut(failure.message, LONGEST_ERROR) },
    };
  }

  async #failure(error: unknown): Promise<Verdict> {
    if (error instanceof GivenUp) await this.#work.link.conversation.cancel(this.#bounds.cancel_ms);
    return verdictOf(error, {
      task_id: this.#request.task.id,
      last_words: await this.#work.link.wordsOn(error),
      login_advice: this.#make.login.advice,
      trouble: this.#turn.trouble,
      has_worked: this.#request.earlier !== undefined && hasWorked(this.#request.earlier),
    });
  }

  #warn(message: string): Promise<void> {
    return this.#events.note("warn", message, "acp");
  }
}

/** The outcome with only the fields that have a value. */
function outcomeOf(
  { status, failure, stop_reason, exit_code, warnings = [] }: Verdict,
  turn: AcpTurn,
  left: LeftProcess[],
): RunOutcome {
  const outcome: RunOutcome = { status, output: turn.transcript.output };
  if (failure !== undefined) outcome.failure = failure;
  if (stop_reason !== undefined) outcome.stop_reason = stop_reason;
  if (exit_code !== undefined) outcome.exit_code = exit_code;
  if (warnings.length > 0) outcome.warnings = warnings;
  if (left.length > 0) outcome.left_running = left;
  if (Object.keys(turn.usage).length > 0) outcome.usage = turn.usage;
  return outcome;
}
