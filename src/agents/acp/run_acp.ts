/**
 * One attempt of one task by an agent that speaks the Agent Client Protocol on its stdio:
 * connect, open a session, prompt it once, tell what happens, judge the turn, end the process tree.
 */
import { getLogger } from "@logtape/logtape";
import { type Clock, within } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import type { Run, RunEvent, RunListener, RunOutcome, RunRequest } from "../../domain/run.ts";
import { type AcpConnection, connectAgent } from "./connection.ts";
import { judgeTurn } from "./outcome.ts";
import { PermissionDesk } from "./permissions.ts";
import { promptBlocks } from "./prompt.ts";
import {
  AgentFailure,
  AgentGone,
  AgentRefusal,
  openSession,
  type SessionBounds,
  setUpSession,
} from "./session.ts";
import { AcpTurn } from "./turn.ts";
import { readLines } from "../supervision/lines.ts";
import type { AgentMake, WireObject } from "../makes/agent_make.ts";
import type { RunHost, SupervisedProcess } from "../supervision/supervisor.ts";
import { cut, objectOf, textOf } from "./wire_value.ts";

const log = getLogger(["opencode-agents", "agents"]);

export interface AcpBounds extends SessionBounds {
  /** How long a cancelled turn may take to answer before its process is ended. */
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

/** The listener may take this long over the last events before the outcome is given without it. */
const LAST_EVENTS_MS = 10_000;
/** What a dead agent wrote to stderr arrives within this time. */
const LAST_STDERR_MS = 500;
/** Terminal colours, which a log cannot show. */
// deno-lint-ignore no-control-regex -- they begin with a control character
const COLOURS = /\x1b\[[0-9;]*m/g;
const LONGEST_ERROR = 1000;

/**
 * Spawns the agent and begins. Throws the supervisor's `ApiError` when it cannot be spawned, with
 * `details.install` saying how to get it.
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

type Verdict = Pick<RunOutcome, "status" | "error" | "stop_reason" | "exit_code">;

class AcpRun implements Run {
  readonly pid: number;
  readonly outcome: Promise<RunOutcome>;

  #session_id: string | undefined;
  /** Updates count as news from the prompt on; those of a session that is being loaded are history. */
  #phase: "opening" | "loading" | "working" | "over" = "opening";
  #result: Promise<WireObject> | undefined;
  #stopping = false;
  #paused = false;
  #stopped: Promise<void> | undefined;

  #stderr: Promise<void> = Promise.resolve();
  #last_stderr = "";
  #last_sign: number;

  /** All events so far, each after the one before it. */
  #told: Promise<void> = Promise.resolve();
  readonly #turn: AcpTurn;
  readonly #permissions: PermissionDesk;
  #connection: AcpConnection | undefined;

  constructor(
    private readonly request: RunRequest,
    private readonly listener: RunListener,
    private readonly clock: Clock,
    private readonly make: AgentMake,
    private readonly process: SupervisedProcess,
    private readonly bounds: AcpBounds,
  ) {
    this.pid = process.pid;
    this.#last_sign = clock.monotonic();
    const emit = (event: RunEvent) => this.#emit(event);
    this.#turn = new AcpTurn(clock, make, emit, request.working_dir);
    this.#permissions = new PermissionDesk({
      clock,
      policy: request.permissions,
      timeout_ms: request.permission_timeout_ms,
      attempt: request.attempt,
      working_dir: request.working_dir,
      emit,
      titleOf: (id) => this.#turn.transcript.titleOf(id),
      denied: (denial) => this.#turn.denied(denial),
    });
    this.outcome = this.#live();
  }

  answerPermission(permission_id: string, option_id: string): boolean {
    return this.#permissions.answer(permission_id, option_id);
  }

  async pause(): Promise<void> {
    this.#paused = true;
    await this.process.pause();
  }

  async resume(): Promise<void> {
    await this.process.resume();
    this.#paused = false;
    this.#last_sign = this.clock.monotonic();
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    if (this.#phase !== "over") {
      this.#stopping = true;
      if (this.#paused) await this.resume();
      await this.process.end({ graceful: () => this.#cancelTurn() });
    }
    await this.outcome;
  }

  /** Asks the agent to end its turn, and waits a moment for it to do so. */
  async #cancelTurn(): Promise<void> {
    if (this.#result === undefined || this.#session_id === undefined) return;
    const told = this.#connection?.notify("session/cancel", { sessionId: this.#session_id });
    // After the cancellation, so that the agent does not take `cancelled` for a refusal and go on.
    this.#permissions.close();
    await told;
    await within(this.clock, this.bounds.cancel_ms, this.#result.catch(() => {}), undefined);
  }

  async #live(): Promise<RunOutcome> {
    this.#stderr = this.#readStderr();
    const silence = this.clock.every(this.bounds.silence_ms, () => void this.#watchSilence());
    let verdict: Verdict;
    try {
      void this.#emit({ kind: "started", pid: this.pid });
      verdict = await this.#work();
    } catch (error) {
      verdict = await this.#failure(error);
    }
    if (this.#stopping) verdict = { status: "stopped", stop_reason: verdict.stop_reason };
    this.#phase = "over";
    silence.cancel();
    this.#permissions.close();
    await this.process.end();
    await within(
      this.clock,
      LAST_EVENTS_MS,
      this.#stderr.then(() => this.#turn.transcript.end()),
      undefined,
    );
    this.#connection?.close();
    await within(this.clock, LAST_EVENTS_MS, this.#told, undefined);
    return {
      ...verdict,
      output: this.#turn.transcript.output,
      ...(Object.keys(this.#turn.usage).length === 0 ? {} : { usage: this.#turn.usage }),
    };
  }

  async #work(): Promise<Verdict> {
    this.#connection = await connectAgent({
      clock: this.clock,
      process: this.process,
      update: (params) => this.#update(params),
      junk: (line, why) => this.#note("warn", `Ignored on stdout, ${why}: ${cut(line, 500)}`, "stdout"),
      permission: (params, signal) => this.#permissions.ask(params, signal),
      isPaused: () => this.#paused,
    });
    const { call } = this.#connection;
    const steps = {
      call,
      make: this.make,
      bounds: this.bounds,
      warn: (message: string) => this.#note("warn", message, "acp"),
    };
    if (this.request.resume !== undefined) this.#phase = "loading";
    const opened = await openSession(this.request, steps);
    this.#session_id = opened.session_id;
    if (!opened.resumed) {
      this.#turn.forget();
      this.#phase = "working";
    }
    const { session_id, resumable, resumed } = opened;
    await this.#emit({ kind: "session", session_id, resumable, resumed });
    await setUpSession(this.request, opened, steps);

    // A session killed before its prompt arrived has no history, and has to be told what to do.
    const goes_on = opened.resumed && this.#turn.history > 0;
    this.#phase = "working";
    this.#result = call("session/prompt", {
      sessionId: opened.session_id,
      prompt: promptBlocks(this.request.task, goes_on),
    }, Infinity);
    return await this.#judge(await this.#result);
  }

  async #judge(result: WireObject): Promise<Verdict> {
    const stop_reason = textOf(result.stopReason);
    const judgement = judgeTurn({ stop_reason, ...await this.#turn.end(result) });
    for (const warning of judgement.warnings) await this.#note("warn", warning, "acp");
    return {
      status: judgement.status,
      stop_reason,
      ...(judgement.error === undefined ? {} : { error: cut(judgement.error, LONGEST_ERROR) }),
    };
  }

  /** What is to be said of a turn that did not end by itself. */
  async #failure(error: unknown): Promise<Verdict> {
    if (error instanceof AgentGone) {
      await within(this.clock, LAST_STDERR_MS, this.#stderr, undefined);
      const last_line = this.#last_stderr === "" ? "" : `: ${this.#last_stderr}`;
      const message = cut(error.message + last_line, LONGEST_ERROR);
      return {
        status: "failed",
        error: message,
        ...(error.exit_code === undefined ? {} : { exit_code: error.exit_code }),
      };
    }
    if (error instanceof AgentRefusal && error.wants_login) {
      const message = `The agent wants a login: ${
        error.message.replace(/\.+$/, "")
      }. ${this.make.install.advice}`;
      return { status: "failed", error: cut(message, LONGEST_ERROR) };
    }
    if (error instanceof AgentFailure) return { status: "failed", error: cut(error.message, LONGEST_ERROR) };
    log.error("run of task {task} broke: {error}", { task: this.request.task.id, error });
    return { status: "failed", error: "The server failed while it spoke to the agent; its log says why" };
  }

  async #update(params: WireObject): Promise<void> {
    this.#last_sign = this.clock.monotonic();
    const update = objectOf(params.update);
    if (update === undefined || this.#phase === "over") return;
    // Sessions of subagents report to the one that started them.
    if (this.#session_id !== undefined && params.sessionId !== this.#session_id) return;
    if (this.#phase === "loading") this.#turn.remember(update);
    else await this.#turn.update(update);
  }

  async #readStderr(): Promise<void> {
    try {
      await readLines(this.process.stderr, async (raw) => {
        const line = raw.replace(COLOURS, "");
        if (line.trim() === "") return;
        const chatter = this.make.chatter?.test(line) === true;
        if (!chatter) this.#last_stderr = cut(line.trim(), 500);
        await this.#note(chatter ? "debug" : "warn", line, "stderr");
      });
    } catch (error) {
      log.warn("stderr of task {task} cannot be read: {error}", { task: this.request.task.id, error });
    }
  }

  async #watchSilence(): Promise<void> {
    const silent_ms = this.clock.monotonic() - this.#last_sign;
    if (this.#paused || this.#permissions.waiting || silent_ms < this.bounds.silence_ms) return;
    await this.#note("warn", `No sign of life from the agent for ${Math.round(silent_ms / 1000)} s`, "acp");
  }

  #note(level: "debug" | "info" | "warn", message: string, source: string): Promise<void> {
    return this.#emit({ kind: "log", level, message, source });
  }

  #emit(event: RunEvent): Promise<void> {
    return this.#told = this.#told.then(() => this.listener(event)).catch((error) => {
      log.error("listener of task {task} failed on {kind}: {error}", {
        task: this.request.task.id,
        kind: event.kind,
        error,
      });
    });
  }
}
