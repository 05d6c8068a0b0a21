/**
 * One attempt of one task by an agent that speaks the Agent Client Protocol on its stdio: connect, open a session,
 * prompt it once, report what happens, judge the turn, end the process tree.
 */
import { type Clock, within } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Run, RunListener, RunOutcome, RunRequest } from "../../domain/run.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import { EventQueue } from "../reporting/event_queue.ts";
import type { SupervisedProcess } from "../supervision/supervised_process.ts";
import type { RunHost } from "../supervision/supervisor.ts";
import { AgentGone, LONGEST_ERROR, type Verdict, verdictOf } from "./agent_failure.ts";
import { type AcpConnection, connectAgent } from "./connection.ts";
import { diffReader } from "./diffs.ts";
import { judgeTurn } from "./outcome.ts";
import { Permissions } from "./permissions.ts";
import { promptBlocks } from "./prompt.ts";
import { openSession, type SessionBounds, setUpSession } from "./session.ts";
import { SilenceWatch } from "./silence_watch.ts";
import { StderrLog } from "./stderr_log.ts";
import { AcpTurn } from "./turn.ts";
import { cut, objectOf, textOf } from "./wire_value.ts";

export interface AcpBounds extends SessionBounds {
  /** How long a canceled turn may take to answer before its process is ended. */
  cancel_ms: number;
  /** After this long without a message from the agent the log says so. */
  silence_ms: number;
}

const BOUNDS: AcpBounds = {
  initialize_ms: 60_000,
  session_ms: 120_000,
  setting_ms: 30_000,
  cancel_ms: 1_500,
  silence_ms: 120_000,
};

/** The listener may take this long over the last events; then the outcome is given without it. */
const LAST_EVENTS_MS = 10_000;
/** What a dead agent wrote to stderr arrives within this time. */
const LAST_STDERR_MS = 500;

/**
 * Spawns the agent and begins. Throws the supervisor's `ApiError` when it cannot be spawned; `details.install` then
 * says how to get it.
 */
export async function startAcp(
  request: RunRequest,
  listener: RunListener,
  host: RunHost,
  make: AgentMake,
  bounds: Partial<AcpBounds> = {},
): Promise<Run> {
  try {
    const process = await host.supervisor.spawn({
      command: [...request.agent.command, ...make.arguments(request)],
      request,
      defaults: make.environment(request),
    });
    return new AcpRun(request, listener, host.clock, make, process, { ...BOUNDS, ...bounds });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new ApiError(error.code, error.message, { ...error.details, install: make.install.advice });
  }
}

class AcpRun implements Run {
  readonly pid: number;
  readonly outcome: Promise<RunOutcome>;

  readonly #request: RunRequest;
  readonly #clock: Clock;
  readonly #make: AgentMake;
  readonly #process: SupervisedProcess;
  readonly #bounds: AcpBounds;

  readonly #events: EventQueue;
  readonly #turn: AcpTurn;
  readonly #permissions: Permissions;
  readonly #stderr: StderrLog;
  readonly #silence: SilenceWatch;
  #connection: AcpConnection | undefined;

  #session_id: string | undefined;
  /** Updates are news from the prompt on; those of a session that is being loaded are history. */
  #phase: "opening" | "loading" | "working" | "over" = "opening";
  #result: Promise<WireObject> | undefined;
  #stopping = false;
  #paused = false;
  #stopped: Promise<void> | undefined;

  constructor(
    request: RunRequest,
    listener: RunListener,
    clock: Clock,
    make: AgentMake,
    process: SupervisedProcess,
    bounds: AcpBounds,
  ) {
    this.#request = request;
    this.#clock = clock;
    this.#make = make;
    this.#process = process;
    this.#bounds = bounds;
    this.pid = process.pid;
    this.#events = new EventQueue(request.task.id, listener);
    const readDiffs = diffReader(make.changesOf, request.working_dir);
    this.#turn = new AcpTurn(clock, make, this.#events, readDiffs);
    this.#permissions = new Permissions({
      clock,
      policy: request.permissions,
      timeout_ms: request.permission_timeout_ms,
      attempt: request.attempt,
      readDiffs,
      events: this.#events,
      titleOf: (id) => this.#turn.transcript.titleOf(id),
      denied: (denial) => this.#turn.denied(denial),
    });
    this.#stderr = new StderrLog(request.task.id, process.stderr, make.chatter, this.#events);
    this.#silence = new SilenceWatch(
      clock,
      bounds.silence_ms,
      () => this.#paused || this.#permissions.waiting,
      (silent_ms) => void this.#warn(`No sign of life from the agent for ${Math.round(silent_ms / 1000)} s`),
    );
    this.outcome = this.#live();
  }

  answerPermission(permission_id: string, option_id: string): boolean {
    return this.#permissions.answer(permission_id, option_id);
  }

  async pause(): Promise<void> {
    this.#paused = true;
    await this.#process.pause();
  }

  async resume(): Promise<void> {
    await this.#process.resume();
    this.#paused = false;
    this.#silence.sign();
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    if (this.#phase !== "over") {
      this.#stopping = true;
      if (this.#paused) await this.resume();
      await this.#process.end({ graceful: () => this.#cancelTurn() });
    }
    await this.outcome;
  }

  /** Asks the agent to end its turn, and waits a moment for it to do so. */
  async #cancelTurn(): Promise<void> {
    if (this.#result === undefined || this.#session_id === undefined) return;
    const sent = this.#connection?.notify("session/cancel", { sessionId: this.#session_id });
    // After the cancellation, so that the agent does not take `cancelled` for a refusal and continue.
    this.#permissions.close();
    await sent;
    await within(this.#clock, this.#bounds.cancel_ms, this.#result.catch(() => {}), undefined);
  }

  async #live(): Promise<RunOutcome> {
    let verdict: Verdict;
    try {
      void this.#events.emit({ kind: "started", pid: this.pid });
      verdict = await this.#work();
    } catch (error) {
      verdict = await this.#failure(error);
    }
    if (this.#stopping) verdict = { status: "stopped", stop_reason: verdict.stop_reason };
    this.#phase = "over";
    this.#silence.stop();
    this.#permissions.close();
    await this.#process.end();
    const last_events = this.#stderr.ended.then(() => this.#turn.transcript.end());
    await within(this.#clock, LAST_EVENTS_MS, last_events, undefined);
    this.#connection?.close();
    await within(this.#clock, LAST_EVENTS_MS, this.#events.idle, undefined);
    return outcomeOf(verdict, this.#turn);
  }

  async #work(): Promise<Verdict> {
    this.#connection = await connectAgent({
      clock: this.#clock,
      process: this.#process,
      update: (params) => this.#update(params),
      junk: (line, why) =>
        this.#events.note("warn", `Ignored on stdout, ${why}: ${cut(line, 500)}`, "stdout"),
      permission: (params, signal) => this.#permissions.ask(params, signal),
      isPaused: () => this.#paused,
    });
    const { call } = this.#connection;
    const steps = {
      call,
      make: this.#make,
      bounds: this.#bounds,
      warn: (message: string) => this.#warn(message),
    };
    if (this.#request.resume !== undefined) this.#phase = "loading";
    const opened = await openSession(this.#request, steps);
    const { session_id, resumable, resumed } = opened;
    this.#session_id = session_id;
    if (!resumed) {
      this.#turn.forget();
      this.#phase = "working";
    }
    await this.#events.emit({ kind: "session", session_id, resumable, resumed });
    await setUpSession(this.#request, opened, steps);

    // A session that was killed before its prompt arrived has no history, and has to be told what to do.
    const continues = resumed && this.#turn.history > 0;
    this.#phase = "working";
    this.#result = call("session/prompt", {
      sessionId: session_id,
      prompt: promptBlocks(this.#request.task, continues),
    }, Infinity);
    return await this.#judge(await this.#result);
  }

  async #judge(result: WireObject): Promise<Verdict> {
    const stop_reason = textOf(result.stopReason);
    const { status, error, warnings } = judgeTurn({ stop_reason, ...await this.#turn.end(result) });
    for (const warning of warnings) await this.#warn(warning);
    return { status, stop_reason, error: error && cut(error, LONGEST_ERROR) };
  }

  async #failure(error: unknown): Promise<Verdict> {
    // Its last words say why it is gone.
    if (error instanceof AgentGone) await within(this.#clock, LAST_STDERR_MS, this.#stderr.ended, undefined);
    return verdictOf(error, {
      task_id: this.#request.task.id,
      last_stderr: this.#stderr.last_line,
      install_advice: this.#make.install.advice,
    });
  }

  async #update(params: WireObject): Promise<void> {
    this.#silence.sign();
    const update = objectOf(params.update);
    if (update === undefined || this.#phase === "over") return;
    // Sessions of subagents report to the one that started them.
    if (this.#session_id !== undefined && params.sessionId !== this.#session_id) return;
    if (this.#phase === "loading") this.#turn.remember(update);
    else await this.#turn.update(update);
  }

  #warn(message: string): Promise<void> {
    return this.#events.note("warn", message, "acp");
  }
}

/** The outcome with those fields only that have a value. */
function outcomeOf({ status, error, stop_reason, exit_code }: Verdict, turn: AcpTurn): RunOutcome {
  const outcome: RunOutcome = { status, output: turn.transcript.output };
  if (error !== undefined) outcome.error = error;
  if (stop_reason !== undefined) outcome.stop_reason = stop_reason;
  if (exit_code !== undefined) outcome.exit_code = exit_code;
  if (Object.keys(turn.usage).length > 0) outcome.usage = turn.usage;
  return outcome;
}
