/**
 * Agents that do what chance has them do: work and answer, fail, die, hang, ask for permission, say things twice or
 * after their end, take their time to stop. Their processes outlive a server that crashes, until the next one ends them.
 */
import type { Run, RunEvent, RunListener, RunOutcome, Stopping } from "../../src/domain/run.ts";
import type { RunRequest, TurnMessage } from "../../src/domain/run_request.ts";
import { isoTime, type Timer } from "../../src/clock/clock.ts";
import { given } from "../../src/domain/given_fields.ts";
import { ApiError } from "../../src/domain/errors.ts";
import type { LateAnswer } from "../../src/domain/parked.ts";
import type { PermissionRequest } from "../../src/domain/permission_request.ts";
import type { AgentRunner } from "../../src/domain/agent_runner.ts";
import type { Random } from "./random.ts";
import { type CheckFaults, SimChecks } from "./sim_checks.ts";
import { SimRepository } from "./sim_repository.ts";
import type { OwnedClock, SimTime } from "./sim_time.ts";

export interface AgentFaults {
  /** Probabilities for each attempt. */
  not_started: number;
  hangs: number;
  fails: number;
  /** Killed by somebody else, at work, frozen or before it began. */
  dies: number;
  speaks_after_end: number;
  /** Says each thing twice. */
  stutters: number;
  asks: number;
  /** The provider of its model refuses it for a time, from the attempt on that meets this. */
  limits: number;
  /** The provider has too much to do, or cannot be reached. */
  overloads: number;
  /** Milliseconds of each step of its work, at most. */
  step_ms: number;
  /** Some tasks have checks. */
  checks?: CheckFaults;
}

const TOKENS_A_STEP = 7;
/** Before a lease runs out its last agent is gone. */
const LEASH_MARGIN_MS = 500;

export type Refused = Pick<RunOutcome, "failure" | "refusal">;

/** `until`: as the provider tells it. */
export function refusedFor(until: string | undefined): Refused {
  const reason = "Limit reached";
  return { failure: { kind: "provider_limit", message: reason }, refusal: { until, reason } };
}

/** All processes of the machine. */
export class SimMachine {
  readonly processes = new Set<SimProcess>();
  readonly time: SimTime;
  readonly random: Random;
  readonly faults: AgentFaults;
  readonly checks: SimChecks;
  /** Called before a process begins; it is not among `processes` yet. */
  onStart: (process: SimProcess) => void = () => {};
  /** Called with what an agent is told, and in which session. */
  onTold: (task_id: string, text: string, session: string) => void = () => {};
  /** What each session has heard, which it replays. */
  readonly sessions = new Map<string, string[]>();
  /** Where tasks have their worktrees. */
  readonly repository = new SimRepository();
  #pids = 1000;
  /** Until when the provider of each agent refuses it, in monotonic time. */
  readonly refused = new Map<string, number>();
  /** What the provider says to a request of this agent, if it does not take it. By chance, and to the first of a turn only. */
  provider: (agent: string, isFirst: boolean) => Refused | undefined = (agent, isFirst) =>
    isFirst ? this.#refusal(agent) : undefined;
  /** How many steps of its turn each session has left, if sessions keep what was done in them. */
  stepsLeft: Map<string, number> | undefined;
  /** How many requests were under way to a model when their agent was ended: paid for in vain. */
  cutOff = 0;
  /** What each step costs, if agents tell that. */
  step_usd: number | undefined;
  /** How many steps the work of each task takes. */
  readonly work = new Map<string, number>();

  constructor(time: SimTime, random: Random, faults: AgentFaults) {
    this.time = time;
    this.random = random;
    this.faults = faults;
    this.checks = new SimChecks(time, random, faults.checks);
  }

  #refusal(agent: string): Refused | undefined {
    const { random, faults, refused, time } = this;
    if (random.chance(faults.overloads)) {
      return { failure: { kind: random.pick(["overloaded", "network"]), message: "Busy" } };
    }
    if (random.chance(faults.limits)) refused.set(agent, time.monotonic_ms + random.between(1, 600_000));
    const left_ms = (refused.get(agent) ?? 0) - time.monotonic_ms;
    if (left_ms <= 0) return undefined;
    return refusedFor(random.chance(0.5) ? isoTime(time.now_ms + left_ms) : undefined);
  }

  nextPid(): number {
    return ++this.#pids;
  }

  /** The agents as one life of the server knows them. */
  runner(): SimRunner {
    return new SimRunner(this);
  }
}

export class SimRunner implements AgentRunner {
  readonly #machine: SimMachine;
  /** Of this life; what it is told after a crash reaches nobody. */
  readonly clock: OwnedClock;
  isDead = false;
  readonly #reaper: OwnedClock;
  #leash: Timer | undefined;
  #until_ms = Infinity;

  constructor(machine: SimMachine) {
    this.#machine = machine;
    this.#reaper = machine.time.clock();
    this.clock = machine.time.clock();
  }

  async start(request: RunRequest, listener: RunListener): Promise<Run> {
    const { random, faults } = this.#machine;
    const notStarted = random.chance(faults.not_started);
    await this.#wait(random.between(0, 300));
    if (notStarted) throw new ApiError("FILE_NOT_FOUND", "The agent is not installed");
    // The server stood still in the middle of the start. The reaper takes no agent of a time that is over.
    if (this.#machine.time.monotonic_ms >= this.#until_ms) {
      throw new ApiError("SERVICE_UNAVAILABLE", "The time of this server's agents is over");
    }
    const process = new SimProcess(this.#machine, this, request, listener);
    this.#machine.onStart(process);
    this.#machine.processes.add(process);
    process.begin();
    return process;
  }

  /** The reaper, which lives on when the server is paused or has crashed, ends what is left just before. */
  keepUntil(at_ms: number): void {
    this.#leash?.cancel();
    this.#until_ms = at_ms - LEASH_MARGIN_MS;
    this.#leash = this.#reaper.after(this.#until_ms - this.#machine.time.monotonic_ms, () => {
      for (const process of this.#machine.processes) if (process.runner === this) process.kill();
      this.#machine.checks.kill((owner) => owner === this);
    });
  }

  /** The server stands still; its agents do not. */
  pause(ms: number): void {
    this.clock.pause(ms);
  }

  async endStrays(): Promise<number> {
    const strays = [...this.#machine.processes].filter((process) => process.runner !== this);
    await this.#wait(this.#machine.random.between(0, 2_000));
    for (const process of strays) process.vanish();
    this.#machine.checks.kill((owner) => owner !== this && owner.isDead);
    return strays.length;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  crash(): void {
    this.isDead = true;
    this.clock.die();
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }
}

export class SimProcess implements Run {
  readonly pid: number;
  readonly task_id: string;
  readonly attempt: number;
  readonly runner: SimRunner;
  readonly outcome: Promise<RunOutcome>;
  readonly #machine: SimMachine;
  readonly #request: RunRequest;
  readonly #listener: RunListener;
  readonly #clock: OwnedClock;
  readonly #ended = Promise.withResolvers<RunOutcome>();
  #isOver = false;
  #isFrozen = false;
  /** A request to its model is under way. */
  #isAsking = false;
  #stopping = false;
  /** What it asks stays open without it. */
  #parks = false;
  /** What waits for the process to go on. */
  #held: (() => void)[] = [];
  #worked_ms = 0;
  #written = 0;
  #since_ms: number;
  /** Tokens in this turn. */
  #used = 0;
  #stepsLeft: number;
  readonly #steps: number;
  /** Answers to what was asked before the agent was ended. */
  readonly #late: LateAnswer[];
  readonly #willHang: boolean;
  readonly #stutters: boolean;
  #asked:
    | { request: PermissionRequest; answer: (outcome: string, by: "client" | "timeout") => void }
    | undefined;

  constructor(machine: SimMachine, runner: SimRunner, request: RunRequest, listener: RunListener) {
    this.#machine = machine;
    this.runner = runner;
    this.#request = request;
    this.#listener = listener;
    this.#clock = machine.time.clock();
    this.pid = machine.nextPid();
    this.task_id = request.task.id;
    this.attempt = request.attempt;
    this.outcome = this.#ended.promise;
    this.#since_ms = machine.time.monotonic_ms;
    this.#steps = this.#stepsLeft = machine.random.between(0, 4);
    this.#late = [...request.late_answers ?? []];
    this.#willHang = machine.random.chance(machine.faults.hangs);
    this.#stutters = machine.random.chance(machine.faults.stutters);
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** The request that waits for an answer. */
  get asks(): string | undefined {
    return this.#parks ? undefined : this.#asked?.request.permission_id;
  }

  get hasSession(): boolean {
    return this.#session;
  }
  #session = false;
  #session_id = "";
  #isPrompted = false;
  /** It has done something in its turn. */
  #isAtWork = false;
  /** A turn has ended, and what follows is not known yet. */
  #isBetween = false;
  #isInterrupted = false;

  /** How long it has been at work, without the time it was frozen or waited for a person. */
  get worked_ms(): number {
    const isWorking = !this.#isFrozen && !this.#isBetween && this.#asked === undefined;
    return this.#worked_ms + (isWorking ? this.#machine.time.monotonic_ms - this.#since_ms : 0);
  }

  /** Notes the work so far, before something changes whether it works. */
  #countWork(): void {
    this.#worked_ms = this.worked_ms;
    this.#since_ms = this.#machine.time.monotonic_ms;
  }

  begin(): void {
    const { random, faults } = this.#machine;
    void this.#tell({ kind: "started", pid: this.pid });
    if (random.chance(faults.dies)) {
      const killed: RunOutcome = {
        status: "failed" as const,
        failure: random.chance(0.3)
          ? { kind: "unresponsive", message: "Late" }
          : { kind: "agent_crashed", message: "Killed" },
        output: "",
      };
      this.#clock.after(random.between(0, 8_000), () => this.#end(killed));
    }
    this.#after(this.#machine.random.between(0, 3_000), () => {
      this.#session = true;
      const earlier = this.#request.resume?.session_id;
      const resumed = earlier !== undefined && this.#machine.sessions.has(earlier);
      const session_id = resumed ? earlier : `session_${this.pid}`;
      this.#session_id = session_id;
      void this.#tellAndGoOn(
        { kind: "session", session_id, resumable: true, resumed },
        () => this.#hearFirst(),
      );
    });
  }

  /** The prompt of the first turn, unless the session that is loaded has had it. */
  #hearFirst(): void {
    const { message, task } = this.#request;
    const heard = this.#machine.sessions.get(this.#session_id) ?? [];
    const text = message?.text ?? task.prompt;
    const times = heard.filter((one) => one === text).length;
    const hasHad = message ? message.mayBeTold && times > (message.copies ?? 0) : times > 0;
    if (!hasHad) {
      this.#hear(text);
      this.#machine.work.set(this.task_id, this.#steps);
      this.#machine.stepsLeft?.set(this.#session_id, this.#steps);
    } else this.#stepsLeft = this.#machine.stepsLeft?.get(this.#session_id) ?? this.#stepsLeft;
    this.#isPrompted = true;
    void this.#tell({ kind: "prompted" });
  }

  #hear(text: string): void {
    const { sessions } = this.#machine;
    sessions.set(this.#session_id, [...sessions.get(this.#session_id) ?? [], text]);
    this.#machine.onTold(this.task_id, text, this.#session_id);
  }

  next(message: TurnMessage | undefined): boolean {
    if (!this.#isBetween || this.#isOver) return false;
    this.#isBetween = false;
    if (message === undefined) {
      this.#end({ status: "completed", output: "done", exit_code: 0 });
      return true;
    }
    this.#countWork();
    this.#worked_ms = 0;
    this.#isInterrupted = false;
    this.#used = 0;
    this.#hear(message.text);
    this.#stepsLeft = this.#steps;
    this.#isAtWork = false;
    this.#isAsking = true;
    this.#after(this.#machine.random.between(20, this.#machine.faults.step_ms), () => this.#step());
    return true;
  }

  interrupt(): void {
    if (this.#isBetween || this.#isOver) return;
    this.#isInterrupted = true;
    this.#after(this.#machine.random.between(0, 2_000), () => {
      // One that is interrupted before it has its prompt gets it, and ends its turn with the first step.
      if (this.#isInterrupted && this.#isPrompted) this.#turnEnds("stopped");
    });
  }

  #turnEnds(status: "completed" | "stopped"): void {
    if (this.#isBetween || this.#isOver) return;
    this.#isBetween = true;
    this.#countWork();
    void this.#tell({
      kind: "turn_ended",
      outcome: { status, output: status === "completed" ? "done" : "", usage: this.#usage },
    });
  }

  async stop({ parks = false }: Stopping = {}): Promise<void> {
    if (this.#isOver) return;
    this.#parks ||= parks;
    if (!this.#stopping) {
      this.#stopping = true;
      const { random } = this.#machine;
      const finished = random.chance(0.1) && this.#isPrompted;
      // Signals reach a frozen process too.
      this.#clock.after(random.between(0, 2_500), () => {
        if (!this.#isFrozen && this.#session) this.#write();
        this.#end(
          finished ? { status: "completed", output: "just in time" } : { status: "stopped", output: "" },
        );
      });
    }
    await this.outcome;
  }

  async pause(): Promise<void> {
    await this.#signalled();
    if (this.#isFrozen || this.#isOver) return;
    this.#countWork();
    this.#isFrozen = true;
  }

  async resume(): Promise<void> {
    await this.#signalled();
    if (!this.#isFrozen) return;
    this.#countWork();
    this.#isFrozen = false;
    for (const action of this.#held.splice(0)) action();
  }

  answerPermission(permission_id: string, option_id: string): boolean {
    if (this.#parks || this.#asked?.request.permission_id !== permission_id) return false;
    this.#asked.answer(option_id, "client");
    return true;
  }

  /** By somebody else. */
  kill(): void {
    this.#end({
      status: "failed",
      failure: { kind: "agent_crashed", message: "Killed" },
      output: "",
      exit_code: 137,
    });
  }

  /** Ended by a later server: nobody hears of it. */
  vanish(): void {
    if (this.#isAsking && this.#isPrompted && !this.#isOver) this.#machine.cutOff++;
    this.#isOver = true;
    this.#asked = undefined;
    this.#clock.die();
    this.#machine.processes.delete(this);
  }

  #signalled(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.runner.clock.after(this.#machine.random.between(0, 60), resolve);
    return promise;
  }

  #after(ms: number, action: () => void): void {
    this.#clock.after(ms, () => this.#isFrozen ? this.#held.push(action) : action());
  }

  /** What was not taken is not told again, as with the real ones. */
  async #tell(event: RunEvent): Promise<void> {
    if (this.runner.isDead) return;
    await new Promise<void>((resolve) => this.runner.clock.whenAwake(resolve));
    try {
      if (this.#stutters) void Promise.resolve(this.#listener(event)).catch(() => {});
      await this.#listener(event);
    } catch {
      return;
    }
  }

  /** Its output is held back until it has been taken. */
  async #tellAndGoOn(event: RunEvent, then: () => void = () => {}): Promise<void> {
    await this.#tell(event);
    if (!this.#isOver) then();
    if (!this.#isOver) {
      this.#isAsking = true;
      this.#after(this.#machine.random.between(20, this.#machine.faults.step_ms), () => this.#step());
    }
  }

  #step(): void {
    const { random, faults } = this.#machine;
    if (this.#isBetween) return;
    this.#isAsking = false;
    const isFirst = !this.#isAtWork;
    const refusal = this.#machine.provider(this.#request.agent_name, isFirst);
    if (refusal) return this.#end({ status: "failed", output: "", ...refusal });
    this.#write();
    if (this.#isInterrupted) return this.#turnEnds("stopped");
    if (this.#willHang && this.#stepsLeft <= this.#steps / 2) return;
    if (isFirst) void this.#tell({ kind: "at_work" });
    this.#isAtWork = true;
    this.#used += TOKENS_A_STEP;
    if (this.#stepsLeft % 2 === 0) {
      void this.#tell({ kind: "usage", usage: this.#usage });
    }
    this.#machine.stepsLeft?.set(this.#session_id, this.#stepsLeft - 1);
    if (this.#stepsLeft-- <= 0) {
      const failed = random.chance(faults.fails);
      if (!failed) return this.#turnEnds("completed");
      return this.#end({
        status: "failed",
        failure: { kind: "command_failed", message: "It did not work" },
        output: "",
        exit_code: 1,
      });
    }
    // What it was told that it may do, it asks again.
    if (random.chance(this.#late.length > 0 ? 0.7 : faults.asks)) return this.#ask();
    const completed_steps = this.#steps - this.#stepsLeft;
    const kind = random.between(0, 3);
    if (kind === 0) {
      void this.#tellAndGoOn({
        kind: "log",
        level: "info",
        message: `Step ${completed_steps}`,
        source: "agent",
      });
    } else if (kind === 1) {
      void this.#tellAndGoOn({ kind: "activity", current_step: `at ${completed_steps}` });
    } else void this.#tellAndGoOn({ kind: "progress", completed_steps, total_steps: this.#steps });
  }

  /** In this turn. */
  get #usage() {
    const { step_usd } = this.#machine;
    const amount = this.#used / TOKENS_A_STEP * (step_usd ?? 0);
    return given({ input_tokens: this.#used, cost: step_usd && { amount, currency: "USD" } });
  }

  /** In a folder of its own, it leaves a file behind. */
  #write(): void {
    const { working_dir } = this.#request;
    if (!working_dir.startsWith("/")) return;
    this.#machine.repository.write(working_dir, `${this.task_id}.${this.pid}.${++this.#written}`);
  }

  #ask(): void {
    const permission_id = `${this.pid}_${this.#stepsLeft}`;
    const late = this.#late.shift();
    if (late) {
      const by = late.by ? "client" : "timeout";
      const outcome = late.kind === "permission" ? late.chosen : late.action;
      return void this.#tellAndGoOn({
        kind: "permission_settled",
        permission_id,
        outcome,
        by,
        late: late.id,
      });
    }
    const options = [
      { option_id: "yes", name: "Yes", kind: "allow_once" as const },
      { option_id: "no", name: "No", kind: "reject_once" as const },
    ];
    const { permission_timeout_ms } = this.#request;
    const request = {
      permission_id,
      title: "May I?",
      tool_call: {},
      options,
      expires_at: isoTime(this.#machine.time.now_ms + permission_timeout_ms),
    };
    const timer = this.#clock.after(permission_timeout_ms, () => this.#asked?.answer("no", "timeout"));
    const answer = (outcome: string, by: "client" | "timeout") => {
      if (this.#parks) return;
      timer.cancel();
      this.#countWork();
      this.#asked = undefined;
      void this.#tellAndGoOn({ kind: "permission_settled", permission_id, outcome, by });
    };
    this.#countWork();
    this.#asked = { request, answer };
    void this.#tell({ kind: "permission_requested", request });
  }

  #end(outcome: RunOutcome): void {
    if (this.#isOver) return;
    this.vanish();
    if (this.runner.isDead) return;
    this.runner.clock.whenAwake(() => this.#ended.resolve({ ...outcome, usage: this.#usage }));
    const { random, faults } = this.#machine;
    if (!random.chance(faults.speaks_after_end)) return;
    const late: RunEvent[] = [
      { kind: "progress", completed_steps: 1, total_steps: 2 },
      { kind: "session", session_id: "late", resumable: true, resumed: false },
      { kind: "log", level: "warn", message: "One more thing", source: "agent" },
    ];
    const event = random.pick(late);
    this.runner.clock.after(random.between(0, 3_000), () => void this.#tell(event));
  }
}
