/** Clients that ask for what chance has them ask, and what a reply obliges the server to. */
import { type Actor, agentActor } from "../../src/domain/actor.ts";
import type { Task } from "../../src/domain/task.ts";
import type { WaitingFor } from "../../src/domain/waiting_for.ts";
import type { Model } from "./model.ts";
import type { LimitModel } from "./model_limits.ts";
import { WorkClients } from "./clients_work.ts";
import type { Random } from "./random.ts";
import type { ServerLife } from "./server_life.ts";
import type { SimRepository } from "./sim_repository.ts";
import type { SimTime } from "./sim_time.ts";

type Reply = Record<string, unknown> & { code?: string; details?: { limit?: string } };
type Message = Record<string, unknown> & { type: string };

/** `by`: the agent of a task, if it asks for this. */
interface Wish {
  message: Message;
  by?: Actor;
}

const TASKS = 14;
const SCHEDULES = 4;
/** Some fall on hours that clocks skip or repeat. */
const CRONS = [
  "30 2 * * *",
  "15 */6 1,15 * FRI",
  "0,30 1-3 * * 7",
  "0 9 29 2 *",
  "45 23 31 * *",
  "*/20 2 * 3,10,11 *",
];
const DAY_MS = 86_400_000;
/** Clocks that change by an hour or by half of one, that never do, and that are a day ahead. */
const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "Pacific/Kiritimati",
];
const CLIENTS = ["ann", "ben"];
const DATABASE = ["DATABASE_ERROR", "DATABASE_CONNECTION_ERROR"];

type Shown = Pick<Task, "id" | "status" | "waiting_for">;

/** What a task may wait for where it stands. */
const WAITS: Record<Task["status"], (WaitingFor["kind"] | undefined)[]> = {
  pending: ["dependency", "time", "retry", "slot"],
  queued: ["slot", "agent_start", "concurrency", "node", "provider_limit", "permission"],
  running: [undefined, "permission"],
  paused: ["paused"],
  completed: [undefined],
  failed: [undefined],
  cancelled: [undefined],
};

/** How much of what clients ask is of which kind, besides the ordinary. */
export interface Habits {
  schedules: number;
  /** The share of tasks that have worktrees, and of wishes for their work. */
  worktrees: number;
  /** Of the wishes for work, those that only bring the base in. */
  updates: number;
  /** The share of what is said to agents, or asked of what they said. */
  talks: number;
  /** The share of tasks that the agents of others start. */
  delegates: number;
}

export class Clients {
  readonly #random: Random;
  readonly #time: SimTime;
  readonly #model: Model;
  readonly #limits: LimitModel;
  readonly #trace: (line: string) => void;
  readonly #habits: Habits;
  readonly #work: WorkClients;
  /** Several nodes answer, and one may not have heard of what another has done. */
  readonly #isShared: boolean;
  /** Tasks that were acknowledged: they are there until their retention is over. */
  readonly #acknowledged = new Set<string>();
  #said = 0;
  /** Called for each request that was answered with what was asked for. */
  onDone: (type: string, target: unknown) => void = () => {};
  /** A failure is answered when its entry in the audit log is stored: what it is about may have come or gone meanwhile. */
  answersFailuresLate = false;

  constructor(
    random: Random,
    time: SimTime,
    model: Model,
    limits: LimitModel,
    trace: (line: string) => void,
    habits: Habits,
    repository: SimRepository,
    isShared = false,
  ) {
    this.#isShared = isShared;
    this.#habits = habits;
    this.#work = new WorkClients(random, model, repository, habits.updates);
    this.#random = random;
    this.#time = time;
    this.#model = model;
    this.#limits = limits;
    this.#trace = trace;
  }

  /** One request; resolves when it is on its way. */
  async act(life: ServerLife, quiet: () => Promise<void>): Promise<void> {
    const { message, by } = this.#wish();
    await this.send(life, message, this.#random.chance(0.1), quiet, by);
  }

  async send(
    life: ServerLife,
    message: Message,
    vanishes: boolean,
    quiet: () => Promise<void>,
    by?: Actor,
  ): Promise<void> {
    const client = this.#random.pick(CLIENTS);
    const asked = life.ask(client, message, by);
    if (!asked) return;
    const sent = this.#model.order;
    const at_ms = this.#time.monotonic_ms;
    this.#trace(`ask ${by?.id ?? client} ${JSON.stringify(message)}`);
    if (message.type === "unschedule_task") this.#model.schedules.unwanted.add(message.task_id as string);
    let refused: string | undefined;
    void asked.then((reply: Reply) => {
      if (life.isOver) return;
      if (reply.code === "RATE_LIMIT_EXCEEDED") refused = reply.details?.limit ?? "unnamed";
      if (reply.code === undefined) this.onDone(message.type as string, targetOf(message));
      if (!vanishes) this.#heard(message, reply, sent);
    });
    await quiet();
    const isNew = ["start_task", "schedule_task", "run_schedule", "send_message"].includes(message.type);
    const names = ["messages_per_minute", ...(isNew ? ["tasks_per_minute"] : [])];
    if (!life.isOver) this.#limits.message(client, names, at_ms, refused);
  }

  /** Judges the work of a task, so that those that wait for that can go on. */
  async judge(life: ServerLife, task_id: string, quiet: () => Promise<void>): Promise<void> {
    await this.send(life, this.#work.judge(task_id), false, quiet);
  }

  #id(): string {
    return `t${this.#random.between(1, TASKS)}`;
  }

  #wish(): Wish {
    const random = this.#random;
    if (random.chance(this.#habits.schedules)) return { message: this.#schedule() };
    const { asked } = this.#model;
    if (asked.length > 0 && random.chance(0.15)) {
      const decision = random.pick(["allow", "deny"]);
      return { message: { type: "respond_to_permission", ...random.pick(asked), decision } };
    }
    const judging = random.chance(this.#habits.worktrees) ? this.#work.wish() : undefined;
    if (judging) return { message: judging };
    if (random.chance(this.#habits.talks)) return { message: this.#talk() };
    const kind = random.between(0, 99);
    return kind < 45 ? this.#newTask() : { message: this.#ordinary(kind) };
  }

  /** Each text is said once, and begins with how it is to be delivered. */
  #talk(): Message {
    const random = this.#random;
    const known = [...this.#model.tasks.keys()];
    const task_id = known.length > 0 && random.chance(0.9) ? random.pick(known) : this.#id();
    const kind = random.between(0, 9);
    if (kind === 0) return { type: "get_conversation", task_id };
    if (kind < 4) {
      const waiting = this.#model.tasks.get(task_id)?.state.waiting ?? [];
      const number = waiting.length > 0 ? random.pick(waiting).number : random.between(1, 5);
      return { type: "withdraw_message", task_id, message_id: `m${number}` };
    }
    const mode = random.chance(0.3) ? "now" : "next";
    return { type: "send_message", task_id, message: `${mode} ${++this.#said}`, mode };
  }

  #ordinary(kind: number): Message {
    const random = this.#random;
    if (kind < 55) return { type: "cancel_task", task_id: this.#id() };
    if (kind < 65) return { type: "retry_task", task_id: this.#id() };
    if (kind < 73) return { type: "pause_task", task_id: this.#id() };
    if (kind < 82) return { type: "resume_task", task_id: this.#id() };
    if (kind < 87) return { type: "get_task_status", task_id: this.#id() };
    if (kind < 90) return { type: "list_tasks", limit: 5 };
    if (kind < 97) return this.#schedule();
    return { type: "unschedule_task", task_id: `s${random.between(1, SCHEDULES)}` };
  }

  #newTask(): Wish {
    const random = this.#random;
    const known = [...this.#model.tasks.keys()];
    const dependencies = new Set<string>();
    if (known.length > 0 && random.chance(0.5)) {
      for (let i = random.between(1, 3); i > 0; i--) dependencies.add(random.pick(known));
    }
    const id = this.#id();
    dependencies.delete(id);
    const task = {
      id,
      type: "testing",
      priority: random.pick(["low", "medium", "high", "critical"]),
      description: id,
      ...(dependencies.size > 0 ? { dependencies: [...dependencies] } : {}),
      ...(random.chance(0.15) ? { scheduled_time: this.#soon() } : {}),
      ...(random.chance(0.4) ? { execution: { working_dir: random.pick(["x", "y"]) } } : {}),
      ...(random.chance(2 * this.#habits.worktrees)
        ? { execution: this.#work.execution(dependencies.size > 0) }
        : {}),
    };
    const parent = known.length > 0 && random.chance(this.#habits.delegates) ? random.pick(known) : undefined;
    const timeout = random.chance(0.2) ? { timeout: random.between(5, 40) * 1000 } : {};
    return {
      message: { type: "start_task", task: { ...task, ...timeout } },
      by: parent === undefined ? undefined : agentActor(parent, "simulated"),
    };
  }

  #soon(): string {
    return this.#in(this.#random.between(60, 400) * 1000);
  }

  #in(ms: number): string {
    return new Date(this.#time.now_ms + ms).toISOString();
  }

  #schedule(): Message {
    const random = this.#random;
    const task = {
      type: "analysis",
      priority: "low",
      description: "scheduled",
      scheduled_time: this.#soon(),
    };
    if (random.chance(0.1)) return { type: "schedule_task", task: { ...task, id: this.#id() } };
    const id = `s${random.between(1, SCHEDULES)}`;
    const kind = random.between(0, 19);
    if (kind < 3) return { type: "pause_schedule", task_id: id };
    if (kind < 4) return { type: "resume_schedule", task_id: id };
    if (kind < 6) return { type: "run_schedule", task_id: id };
    if (kind < 7) return { type: "get_task_status", task_id: id };
    if (kind < 9) {
      return {
        type: "update_schedule",
        task_id: id,
        ...(random.chance(0.3) ? { task: { priority: "high" } } : {}),
        ...(random.chance(0.6) ? { recurring: this.#recurring() } : {}),
        ...(random.chance(0.3) ? { scheduled_time: this.#soon() } : {}),
      };
    }
    return { type: "schedule_task", task: { ...task, id, recurring: this.#recurring() } };
  }

  #recurring(): object {
    const random = this.#random;
    const interval = random.pick(["daily", "weekly", "monthly", "monthly", "hourly", "cron"]);
    return {
      interval,
      ...(interval === "cron" ? { cron: random.pick(CRONS) } : {}),
      allow_overlap: random.chance(0.5),
      ...(random.chance(0.6) ? { timezone: random.pick(ZONES) } : {}),
      ...(random.chance(0.2) ? { end_time: this.#in(random.between(1, 60) * DAY_MS) } : {}),
      ...(random.chance(0.5) ? { max_runs: random.between(1, 3) } : {}),
    };
  }

  // ---- what a reply says must be so

  #heard(message: Message, reply: Reply, sent: number): void {
    this.#trace(`reply ${message.type} ${reply.type} ${reply.code ?? ""}`);
    const id = (message.task_id ?? (message.task as { id?: string } | undefined)?.id) as string;
    if (reply.type === "error") return this.#refused(message, id, reply);
    const task = this.#model.tasks.get(id);
    const since = (task?.past ?? []).filter(({ order }) => order > sent).map(({ status }) => status);
    const before = (task?.past ?? []).findLast(({ order }) => order <= sent)?.status;
    const wrong = (what: string) =>
      this.#model.fail(`${message.type} of ${id} was acknowledged, but ${what}`);
    switch (message.type) {
      case "start_task":
        if (!task || before !== undefined && since.length === 0) return wrong("it is not on the disk");
        this.#acknowledged.add(id);
        break;
      case "cancel_task":
        if (
          this.#isShared
            ? !task?.past.some(({ status }) => status === "cancelled")
            : before !== "cancelled" && !since.includes("cancelled")
        ) wrong("it was not cancelled");
        break;
      case "retry_task":
        if (!since.some((status) => !["completed", "cancelled"].includes(status)) && before !== "failed") {
          wrong("it was not put back");
        }
        break;
      case "pause_task":
        if (!since.includes("paused")) wrong("it was not paused");
        break;
      case "resume_task":
        if (!since.some((status) => status !== "paused")) wrong("it was not resumed");
        break;
      case "get_task_status": {
        // It may be over by now, or was made by a commit of which nobody knew whether it would come.
        if (id.startsWith("s") && this.#model.tasks.get(id) === undefined) break;
        const { status } = reply.task as Shown;
        this.#shows([reply.task as Shown]);
        const past = this.#isShared ? task?.past.map(({ status }) => status) ?? [] : [];
        const seen = [before, ...past, ...since, ...(task?.untold.map(({ from }) => from) ?? [])];
        if (!seen.includes(status as typeof before)) wrong(`it was never ${status}`);
        break;
      }
      case "send_message":
        if (!this.#isShared && task) {
          this.#model.messages.sent(id, reply.message_id as string, message.message as string);
        }
        break;
      case "accept_changes":
        this.#model.work.accepted(id, reply.commit as string);
        break;
      case "discard_changes":
        this.#model.work.discarded(id, reply.kept_as as string);
        break;
      case "list_tasks":
        this.#shows(reply.tasks as Shown[]);
        break;
      case "schedule_task":
        if ((message.task as { recurring?: object }).recurring === undefined) {
          if (!task) wrong("it is not on the disk");
          else this.#acknowledged.add(id);
          break;
        }
        if (!this.#model.schedules.known.has(id) && !this.#model.schedules.unwanted.has(id)) {
          // One that is over already has left its run.
          if (!this.#model.tasks.has(`${id}_run_1`)) wrong("it is not on the disk");
        }
    }
  }

  /** Whatever waits says for what, and nothing else does. */
  #shows(tasks: Shown[]): void {
    for (const { id, status, waiting_for } of tasks) {
      if (WAITS[status].includes(waiting_for?.kind)) continue;
      this.#model.fail(`task ${id} is ${status} and waits for ${waiting_for?.kind ?? "nothing"}`);
    }
  }

  #refused(message: Message, id: string, reply: Reply): void {
    const { code = "" } = reply;
    const { schedules } = this.#model;
    const isKnown = this.#model.tasks.has(id);
    if (code === "SERVICE_UNAVAILABLE" && String(reply.message).startsWith("Internal error")) {
      this.#model.fail(`${message.type} met a bug`);
    } else if (this.#isShared && code.startsWith("TASK_")) this.#trace("perhaps not heard of yet");
    else if (this.answersFailuresLate && code.startsWith("TASK_")) this.#trace("perhaps not so any more");
    else if (
      // The task whose agent asks for a new one may be gone.
      code === "TASK_NOT_FOUND" && message.type !== "start_task" && this.#acknowledged.has(id) && isKnown
    ) {
      this.#model.fail(`${message.type}: task ${id} was acknowledged and is not found`);
    } else if (
      code === "TASK_ALREADY_EXISTS" && !isKnown && !schedules.known.has(id) && !schedules.doubtful.has(id)
    ) {
      this.#model.fail(`${message.type}: ${id} does not exist`);
    } else if (DATABASE.includes(code)) this.#trace("the store failed");
  }
}

/** What a request is about, as the audit log says it. */
function targetOf({ task, task_id }: Message): unknown {
  return (task as { id?: unknown } | undefined)?.id ?? task_id;
}
