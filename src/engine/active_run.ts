/**
 * One attempt of one task while it runs: what the agent tells becomes progress, log and permission requests,
 * and its end becomes the task's result. All commits are made under the attempt's lease; once the lease is
 * gone (cancelled, recovered), whatever the agent still says changes nothing.
 */
import { getLogger } from "@logtape/logtape";
import { isoTime, sleep } from "../clock/clock.ts";
import type { Agent } from "../protocol/basic_messages.ts";
import { ApiError } from "../domain/errors.ts";
import type { PermissionRequest } from "../domain/permission_request.ts";
import type { Run, RunEvent, RunOutcome, RunRequest, Workspace } from "../domain/run.ts";
import type { HeldLease } from "../domain/lease.ts";
import { executionOf, type TaskRecord, type TaskState } from "../domain/task_record.ts";
import { amend } from "../store/queue.ts";
import { attemptEnd, commitAttemptEnd } from "./attempt_end.ts";
import { Deadline } from "./deadline.ts";
import { ProgressWriter } from "./progress_writer.ts";
import type { RunContext } from "./run_context.ts";
import { RunLog } from "./run_log.ts";
import { Signals } from "./signals.ts";
import { Silence } from "./silence.ts";

const log = getLogger(["opencode-agents", "engine"]);

const COMMIT_RETRY_MS = 1000;

/** What clients see of a running agent besides the task's record. */
export type RuntimeStatus =
  | "starting"
  | "running"
  | "waiting_for_permission"
  | "unresponsive"
  | "paused"
  | "stopping";

export class ActiveRun {
  readonly #context: RunContext;
  #task: TaskRecord;
  readonly #lease: HeldLease;
  readonly #agent: string;
  #run: Run | undefined;
  #phase: "starting" | "running" | "paused" | "stopping" = "starting";
  #permissions = new Map<string, PermissionRequest>();
  /** Empty until the folder has been found. */
  #working_dir = "";
  #workspace: Workspace | undefined;
  #started_ms: number;
  /** Whether the attempt is committed: before that it has no number, and clients are not told of it. */
  hasBegun = false;
  readonly #deadline: Deadline;
  readonly #silence: Silence;
  readonly #progress: ProgressWriter;
  readonly #log: RunLog;
  #ended = Promise.withResolvers<void>();
  #ready = Promise.withResolvers<void>();
  #stopRequested = false;
  #leaving = false;
  readonly #signals = new Signals();
  #unsaved = false;

  constructor(context: RunContext, task: TaskRecord, lease: HeldLease, agent: string) {
    this.#context = context;
    this.#task = task;
    this.#lease = lease;
    this.#agent = agent;
    this.#started_ms = context.clock.now();
    const limit_ms = task.spec.timeout ?? context.settings.default_timeout_ms;
    this.#deadline = new Deadline(context.clock, limit_ms, () => void this.stop());
    const { unresponsive_after_ms, unresponsive_limit_ms } = context.settings;
    this.#silence = new Silence({
      clock: context.clock,
      warning_ms: unresponsive_after_ms,
      limit_ms: context.settings.agents[agent]?.unresponsive_limit_ms ?? unresponsive_limit_ms,
      onWarning: (silent) => this.#tellSilence(silent),
      onLimit: () => void this.stop(),
    });
    this.#log = new RunLog(context.store.logs, task.id, () => ({
      attempt: this.#task.state.attempt,
      agent: this.#agent,
      working_dir: this.#working_dir || undefined,
    }));
    this.#progress = new ProgressWriter({
      task_id: task.id,
      change: (change) => this.#change(change),
      elapsed: () => context.clock.now() - this.#started_ms,
      written: () => this.#publishAgent(),
    });
  }

  /** Settles when the agent's processes are gone and the result is committed. */
  get over(): Promise<void> {
    return this.#ended.promise;
  }

  /** Settles when the agent has begun to work (or has ended): its start no longer burdens the machine. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get agent(): string {
    return this.#agent;
  }

  get pid(): number | undefined {
    return this.#run?.pid;
  }

  get runtime_status(): RuntimeStatus {
    if (this.#phase !== "running") return this.#phase;
    if (this.#permissions.size > 0) return "waiting_for_permission";
    return this.#silence.isLong ? "unresponsive" : "running";
  }

  /** Whether its result waits for the store. */
  get isUnsaved(): boolean {
    return this.#unsaved;
  }

  get permissions(): readonly PermissionRequest[] {
    return [...this.#permissions.values()];
  }

  /** The task was not its to run after all. */
  abandon(): void {
    this.#ready.resolve();
    this.#ended.resolve();
  }

  /** Runs the attempt to its end; `task` is the record as committed with this attempt's lease. Never rejects. */
  async execute(task: TaskRecord): Promise<void> {
    this.#task = task;
    this.hasBegun = true;
    const lost = () => void this.stop();
    this.#lease.lost.addEventListener("abort", lost);
    try {
      this.#publishAgent();
      const outcome = await this.#perform();
      await this.#finish(outcome);
    } catch (error) {
      log.error("Attempt of task {task_id} ended by a bug: {error}", { task_id: this.#task.id, error });
      await this.#finish({ status: "failed", error: "Internal error", output: "" });
    } finally {
      this.#lease.lost.removeEventListener("abort", lost);
      this.#silence.hold();
      this.#deadline.hold();
      this.#phase = "stopping";
      this.#publishAgent();
      this.#ready.resolve();
      this.#ended.resolve();
    }
  }

  async #perform(): Promise<RunOutcome> {
    try {
      const request = await this.#request();
      this.#log.tell("info", `Attempt ${request.attempt} started with agent '${this.#agent}'`, {
        attempt: request.attempt,
      });
      this.#run = await this.#context.runner.start(request, (event) => this.#listen(event));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#log.tell("error", error.message, { code: error.code, ...error.details });
      return { status: "failed", error: error.message, output: "" };
    }
    if (this.#stopRequested) void this.#run.stop();
    else if (this.#phase === "paused") await this.#signals.send(() => this.#run?.pause());
    else {
      this.#deadline.run();
      this.#silence.run();
    }
    return await this.#run.outcome;
  }

  async #request(): Promise<RunRequest> {
    const { settings, working_dirs } = this.#context;
    const { id, spec, state } = this.#task;
    const execution = executionOf(this.#task);
    const agent = settings.agents[this.#agent];
    if (!agent) throw new ApiError("CONFIGURATION_ERROR", `Agent '${this.#agent}' is not configured`);
    this.#working_dir = await working_dirs.resolve(execution.working_dir);
    if (execution.isolation === "worktree") {
      this.#workspace = await this.#context.workspaces.open(this.#working_dir, id);
      this.#working_dir = this.#workspace.working_dir;
    }
    const session = state.session?.agent === this.#agent && state.session.working_dir === this.#working_dir
      ? state.session
      : undefined;
    return {
      task: {
        id,
        type: spec.type,
        description: spec.description,
        prompt: execution.prompt ?? spec.description,
        files_pattern: spec.files_pattern,
        metadata: spec.metadata,
      },
      attempt: state.attempt,
      agent_name: this.#agent,
      agent,
      working_dir: this.#working_dir,
      env: execution.env ?? {},
      model: execution.model,
      permissions: execution.permissions ?? settings.permissions,
      permission_timeout_ms: settings.permission_timeout_ms,
      resume: session && { session_id: session.session_id },
    };
  }

  #tellSilence(silent: boolean): void {
    const message = silent ? "The agent gives no sign of life" : "The agent gives signs of life again";
    this.#log.tell(silent ? "warn" : "info", message, {
      silent_for_ms: silent ? this.#context.settings.unresponsive_after_ms : 0,
    });
    this.#publishAgent();
  }

  #listen(event: RunEvent): void | Promise<void> {
    this.#silence.heard();
    switch (event.kind) {
      case "started":
        if (this.#phase === "starting") this.#phase = "running";
        if (this.#context.settings.agents[this.#agent]?.protocol === "command") this.#ready.resolve();
        return this.#publishAgent();
      case "log":
        return this.#log.append(event.level, event.message, event.source, event.details);
      case "progress":
      case "activity":
        return this.#progress.note(event);
      case "session":
        this.#ready.resolve();
        return this.#rememberSession(event);
      case "permission_requested":
        this.#permissions.set(event.request.permission_id, event.request);
        this.#silence.hold();
        this.#context.bus.publish({
          kind: "permission.requested",
          task_id: this.#task.id,
          request: event.request,
        });
        this.#log.tell("warn", `Permission asked: ${event.request.title}`, {
          permission_id: event.request.permission_id,
        });
        return this.#publishAgent();
      case "permission_settled":
        this.#permissions.delete(event.permission_id);
        if (this.#permissions.size === 0 && this.#phase === "running") this.#silence.run();
        // The agent's own entry, just before, has told the outcome.
        return this.#publishAgent();
      case "usage":
        return undefined;
    }
  }

  async #rememberSession(event: Extract<RunEvent, { kind: "session" }>): Promise<void> {
    const session = { agent: this.#agent, session_id: event.session_id, working_dir: this.#working_dir };
    const attempt = this.#task.state.attempt;
    await this.#change((state) => ({
      ...state,
      session: event.resumable ? session : undefined,
      // A session that could not be gone on with means that the work starts over.
      retry_count: this.#task.state.session && !event.resumed ? state.retry_count + 1 : state.retry_count,
      attempts: event.resumed
        ? state.attempts.map((a) => a.attempt === attempt ? { ...a, resumed: true } : a)
        : state.attempts,
    }));
  }

  /** Commits a change of the task's state, if this attempt still holds it. */
  async #change(change: (state: TaskState) => TaskState): Promise<void> {
    await amend(this.#context.store.tasks, this.#task.id, this.#lease.terms, change);
  }

  // ---- what the engine asks of it

  /** Ends the agent; settles when the attempt is over. */
  async stop(): Promise<void> {
    this.#stopRequested = true;
    this.#silence.hold();
    this.#phase = "stopping";
    this.#publishAgent();
    if (this.#run) await this.#run.stop();
    await this.over;
  }

  /** Settles when the signals that were asked for have reached the agent; rejects when the last one could not. */
  get signalled(): Promise<void> {
    return this.#signals.sent;
  }

  /** Ends the agent because the server ends, which decides nothing about its task. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await this.stop();
  }

  async pause(): Promise<void> {
    this.#silence.hold();
    this.#deadline.hold();
    this.#phase = "paused";
    await this.#signals.send(() => this.#run?.pause());
    this.#publishAgent();
  }

  async resume(): Promise<void> {
    if (!this.#stopRequested) this.#phase = "running";
    await this.#signals.send(() => this.#run?.resume());
    // It may have been paused again meanwhile, or is being ended.
    if (this.#run) this.#watch();
    this.#publishAgent();
  }

  /** Lets its time count, if it is at work. */
  #watch(): void {
    if (this.#phase !== "running") return;
    this.#deadline.run();
    if (this.#permissions.size === 0) this.#silence.run();
  }

  /** False when no such request is open, or it has no such option. */
  answerPermission(permission_id: string, option_id: string): boolean {
    return this.#run?.answerPermission(permission_id, option_id) ?? false;
  }

  async #finish(outcome: RunOutcome): Promise<void> {
    this.#deadline.hold();
    await this.#progress.settled();
    await this.#closeWorkspace();
    if (this.#lease.lost.aborted) return;
    const end = attemptEnd(outcome, this.#deadline, this.#silence);
    this.#log.tell(
      end.outcome === "completed" ? "info" : "error",
      end.outcome === "completed" ? "Task completed" : `Attempt ended: ${end.error ?? end.outcome}`,
      {
        outcome: end.outcome,
        exit_code: end.exit_code,
        stop_reason: end.stop_reason,
        duration_ms: this.#context.clock.now() - this.#started_ms,
      },
    );
    for (;;) {
      try {
        await this.#context.store.logs.flush();
        await commitAttemptEnd(this.#context, {
          task_id: this.#task.id,
          attempt: this.#task.state.attempt,
          lease: this.#lease.terms,
          outcome,
          end,
          left: this.#leaving && end.outcome === "failed" && outcome.status === "stopped",
        });
        return;
      } catch (error) {
        // The result must not be lost to a full disk or a store that is away for a while: it waits, in its slot.
        this.#unsaved = true;
        log.error("Result of task {task_id} not stored yet: {error}", { task_id: this.#task.id, error });
        if (this.#context.store.closed || this.#lease.lost.aborted) return;
        await sleep(this.#context.clock, COMMIT_RETRY_MS);
      }
    }
  }

  async #closeWorkspace(): Promise<void> {
    try {
      const kept = await this.#workspace?.close();
      if (kept !== undefined) this.#log.tell("info", kept, { working_dir: this.#working_dir });
    } catch (error) {
      // The work is done and stays where it is; only the tidying failed.
      this.#log.tell("warn", `The task's worktree was left as it is: ${(error as Error).message}`, {});
    }
  }

  view(): Agent {
    const { index, clock } = this.#context;
    const state = index.find(this.#task.id)?.state ?? this.#task.state;
    return {
      id: `agent_${this.#task.id}_${this.#task.state.attempt}`,
      status: this.runtime_status,
      type: this.#agent,
      task: this.#task.spec.description,
      task_id: this.#task.id,
      progress: state.progress,
      start_time: isoTime(this.#started_ms),
      pid: this.pid,
      working_dir: this.#working_dir || undefined,
      is_claude_desktop: false,
      process_type: "unknown",
      timestamp: isoTime(clock.now()),
    };
  }

  #publishAgent(): void {
    this.#context.bus.publish({ kind: "agent.changed", agent: this.view() });
  }
}
