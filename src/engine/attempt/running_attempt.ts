/**
 * One running attempt: the shell around its state machine. It passes events to the machine and carries out the effects
 * that come out, each through the part that is responsible for it.
 */
import { getLogger } from "@logtape/logtape";
import type { AttemptEffect } from "../../domain/attempt/effects.ts";
import type { AttemptEvent, ClaimedTask } from "../../domain/attempt/events.ts";
import { attempt } from "../../domain/attempt/attempt.ts";
import type { RuntimeStatus } from "../../domain/attempt/runtime_status.ts";
import {
  type AttemptRules,
  type AttemptState,
  newAttempt,
  runtimeStatus,
} from "../../domain/attempt/state.ts";
import type { Actor } from "../../domain/actor.ts";
import type { HeldLease } from "../../domain/lease.ts";
import type { PermissionRequest } from "../../domain/permission_request.ts";
import type { Question, QuestionAnswer } from "../../domain/question.ts";
import { isPassing, isPatient } from "../../domain/retrying.ts";
import { executionOf, type TaskRecord } from "../../domain/task_record.ts";
import type { Agent } from "../../protocol/basic_messages.ts";
import type { RunContext } from "../run_context.ts";
import { AgentProcess } from "./agent_process.ts";
import { agentView } from "./agent_view.ts";
import { AttemptRecord } from "./attempt_record.ts";
import { AttemptTimers } from "./attempt_timers.ts";
import type { WaitingMessage } from "../../domain/message.ts";
import { Steering } from "./steering.ts";
import { CheckRun, roundsLeft } from "./check_run.ts";
import { TaskWorkspace } from "./task_workspace.ts";

const log = getLogger(["opencode-agents", "engine"]);

export class RunningAttempt {
  readonly #context: RunContext;
  #task: TaskRecord;
  readonly #lease: HeldLease;
  #state: AttemptState;
  readonly #start_ms: number;
  readonly #process: AgentProcess;
  readonly #workspace: TaskWorkspace;
  readonly #record: AttemptRecord;
  readonly #checks: CheckRun;
  readonly #timers: AttemptTimers;
  readonly #steering: Steering;
  /** Effects that have not been carried out yet. */
  readonly #todo: AttemptEffect[] = [];
  #isCarryingOut = false;
  readonly #ready = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();

  constructor(context: RunContext, task: TaskRecord, lease: HeldLease, agent: string) {
    const { clock } = context;
    this.#context = context;
    this.#task = task;
    this.#lease = lease;
    this.#start_ms = clock.now();
    this.#state = newAttempt(rulesOf(context, task, agent), clock.monotonic());
    const emit = (event: AttemptEvent) => this.#dispatch(event);
    this.#process = new AgentProcess(context, emit);
    this.#record = new AttemptRecord(context, task.id, lease.terms, emit);
    this.#workspace = new TaskWorkspace(context, emit, this.#record);
    this.#checks = new CheckRun(context, emit);
    this.#timers = new AttemptTimers(clock, emit);
    this.#steering = new Steering(context, {
      task_id: task.id,
      lease: lease.terms,
      steer: (message) => this.#process.steer(message),
      isInTurn: () => this.#isInTurn,
      warn: (message) =>
        emit({ kind: "reported", report: { kind: "log", level: "warn", message, source: "engine" } }),
    });
    lease.lost.addEventListener("abort", this.#loseLease);
    if (lease.lost.aborted) this.#loseLease();
  }

  /** Settles when the agent's processes are gone and the result is committed. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Settles when the agent has begun to work (or has ended): its start no longer loads the machine. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get agent(): string {
    return this.#state.rules.agent;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get runtime_status(): RuntimeStatus {
    return runtimeStatus(this.#state);
  }

  /** Whether the attempt's start is committed. Before that it has no number and clients do not see it. */
  get hasBegun(): boolean {
    return this.#state.phase !== "claiming";
  }

  /** Whether its result waits for the store. */
  get isUnsaved(): boolean {
    return this.#state.isUnsaved;
  }

  /** Whether its agent is ended so that what it asks stays open without it. Until that is stored, nothing is answered. */
  get isParking(): boolean {
    return this.#state.stop === "park" && this.#state.phase !== "settled";
  }

  /** Open permission requests, the oldest first. */
  get permissions(): readonly PermissionRequest[] {
    return this.#state.permissions;
  }

  /** Open questions, the oldest first. */
  get questions(): readonly Question[] {
    return this.#state.questions;
  }

  /** The agent as clients see it. */
  view(): Agent {
    const task = this.#context.index.find(this.#task.id) ?? this.#task;
    return agentView(this.#state, task, {
      pid: this.pid,
      start_ms: this.#start_ms,
      now_ms: this.#context.clock.now(),
    });
  }

  // ---- what the engine asks of it

  /** To be called if the claim failed: this attempt may not run the task. */
  abandon(): void {
    void this.#dispatch({ kind: "abandoned" });
  }

  /** Runs the attempt to its end. `task`: the record as committed with this attempt's lease. Never rejects. */
  async execute(task: TaskRecord): Promise<void> {
    this.#task = task;
    void this.#dispatch({ kind: "claimed", ...claimedTask(this.#context, task) });
    await this.over;
  }

  /** Ends the agent because its task is cancelled. Settles when the attempt is over. */
  async stop(): Promise<void> {
    void this.#dispatch({ kind: "stop", cause: "cancel" });
    await this.over;
  }

  /** Ends the agent because the server shuts down. This decides nothing about its task. */
  async leave(): Promise<void> {
    void this.#dispatch({ kind: "stop", cause: "leave" });
    await this.over;
  }

  /** Ends the agent because a budget is spent. The task goes on in its session when that allows it. */
  endForBudget(): void {
    void this.#dispatch({ kind: "stop", cause: "budget" });
  }

  /** So many messages wait now. `interrupts`: a new one does not wait for the end of the turn. `steers`: new ones for the turn. */
  noteMessages(waiting: number, interrupts: boolean, steers: readonly WaitingMessage[]): void {
    void this.#dispatch({ kind: "messages", waiting, interrupts });
    for (const message of steers) this.#steering.give(message);
  }

  get #isInTurn(): boolean {
    const { phase, stop, isBetween, isPrompted, isPaused } = this.#state;
    return phase === "working" && stop === undefined && isPrompted && !isBetween && !isPaused;
  }

  pause(): Promise<void> {
    void this.#dispatch({ kind: "pause" });
    return this.signalled;
  }

  resume(): Promise<void> {
    void this.#dispatch({ kind: "resume" });
    return this.signalled;
  }

  /** Settles when the requested signals have reached the agent. Rejects if the last one could not be sent. */
  get signalled(): Promise<void> {
    return this.#process.signalled;
  }

  /** Returns false if no such request is open or it has no such option. */
  answerPermission(permission_id: string, option_id: string, by: Actor): boolean {
    return this.#process.answerPermission(permission_id, option_id, by);
  }

  /** Returns false if no such question is open. */
  answerQuestion(question_id: string, answer: QuestionAnswer, by: Actor): boolean {
    return this.#process.answerQuestion(question_id, answer, by);
  }

  // ---- the machine and its effects

  readonly #loseLease = () => void this.#dispatch({ kind: "lease_lost" });

  /** An agent that reports an event waits for the returned promise before it reports more. */
  #dispatch(event: AttemptEvent): void | Promise<void> {
    const [state, effects] = attempt(this.#state, { ...event, at_ms: this.#context.clock.monotonic() });
    this.#state = state;
    this.#todo.push(...effects);
    // An event from an effect under way is queued, so that its effects do not overtake those that wait.
    if (this.#isCarryingOut) return;
    this.#isCarryingOut = true;
    const waits: Promise<void>[] = [];
    for (let effect = this.#todo.shift(); effect; effect = this.#todo.shift()) {
      try {
        const wait = this.#carryOut(effect);
        if (wait) waits.push(wait);
      } catch (error) {
        log.error("Attempt of task {id} broke at {kind}: {error}", {
          id: this.#task.id,
          kind: effect.kind,
          error,
        });
        void this.#dispatch({ kind: "broke" });
      }
    }
    this.#isCarryingOut = false;
    if (waits.length > 0) return Promise.all(waits).then(() => undefined);
  }

  #carryOut(effect: AttemptEffect): void | Promise<void> {
    const { bus } = this.#context;
    switch (effect.kind) {
      case "prepare":
        return this.#workspace.open(this.#task, this.agent);
      case "stop_preparing":
        return this.#workspace.giveUp();
      case "save_work":
        return this.#workspace.save(effect.isOver);
      case "stop_saving":
        return this.#workspace.stopSaving();
      case "run_checks":
        return this.#checks.run(this.#task, this.#state.working_dir ?? "");
      case "stop_checks":
        return this.#checks.stop();
      case "start_agent":
        return this.#process.start(this.#task, this.agent, this.#state.working_dir ?? "");
      case "stop_agent":
        return this.#process.stop(effect.parks);
      case "signal_agent":
        return this.#process.signal(effect.signal);
      case "commit_turn":
        return this.#record.commitTurn(effect.ended, this.#steering.idle);
      case "next_turn":
        return this.#process.next(effect.message);
      case "interrupt_turn":
        return this.#process.interrupt();
      case "set_timer":
        return this.#timers.set(effect.timer, effect.ms);
      case "clear_timer":
        return this.#timers.clear(effect.timer);
      case "append":
        return this.#record.append(effect, this.#state);
      case "write":
        return this.#record.write(effect.change);
      case "commit_end":
        return this.#record.commitEnd(effect.result, this.#steering.idle);
      case "publish_permission":
        return bus.publish({
          kind: "permission.requested",
          task_id: this.#task.id,
          request: effect.request,
        });
      case "publish_permission_end":
        return bus.publish({
          kind: "permission.settled",
          task_id: this.#task.id,
          permission_id: effect.permission_id,
        });
      case "publish_question":
        return bus.publish({ kind: "question.asked", task_id: this.#task.id, question: effect.question });
      case "publish_question_end":
        return bus.publish({
          kind: "question.settled",
          task_id: this.#task.id,
          question_id: effect.question_id,
        });
      case "publish_agent":
        return bus.publish({ kind: "agent.changed", agent: this.view() });
      case "ready":
        return this.#ready.resolve();
      case "release":
        this.#lease.lost.removeEventListener("abort", this.#loseLease);
        return this.#over.resolve();
    }
  }
}

function rulesOf({ settings, store, runCheck }: RunContext, task: TaskRecord, agent: string): AttemptRules {
  const config = settings.agents[agent];
  return {
    agent,
    node: store.node.node,
    timeout_ms: task.spec.timeout ?? settings.default_timeout_ms,
    unresponsive_after_ms: settings.unresponsive_after_ms,
    unresponsive_limit_ms: config?.unresponsive_limit_ms ?? settings.unresponsive_limit_ms,
    park_ms: settings.permission_park_ms,
    waits_for_provider: settings.provider_limit.action !== "fail",
    retry: settings.retry,
    hasChecks: runCheck !== undefined && (settings.executionOf(task).checks ?? []).length > 0,
    ready_on: config?.protocol === "command" ? "started" : "session",
  };
}

function claimedTask({ max_attempts, settings }: RunContext, task: TaskRecord): ClaimedTask {
  const { attempt, attempts, automatic_attempts, turn = 1, session, waiting = [], patience } = task.state;
  const [before, present] = attempts.slice(-2);
  const last = present && before;
  const isFirst = automatic_attempts === 1 && last?.outcome !== "interrupted";
  return {
    attempt,
    turn,
    hasEarlierSession: session !== undefined,
    // An attempt that its provider refused does not count either.
    isRetried: (isFirst && attempt > 1) || isPassing(last?.failure?.kind),
    attemptsUsed: automatic_attempts,
    isPatient: isPatient(patience),
    attemptsLeft: Math.max(0, (executionOf(task).max_attempts ?? max_attempts) - automatic_attempts),
    waiting: waiting.length,
    roundsLeft: roundsLeft(settings, task),
  };
}
