/**
 * What the server promises, once more and plainly. The model sees every commit as it takes effect on the disk, every
 * event as it is published and every reply; it knows no line of the engine. What it finds wrong first is kept.
 */
import { isDeepStrictEqual } from "node:util";
import type { DomainEvent } from "../../src/engine/events.ts";
import type { Commit } from "../../src/store/kv/kv.ts";
import type { Store } from "../../src/store/open.ts";
import type { TaskSpec, TaskState } from "../../src/domain/task_record.ts";
import type { ScheduleSpec, ScheduleState } from "../../src/domain/schedule.ts";
import { storedSpec, storedValue } from "./stored_value.ts";
import { CheckModel } from "./model_checks.ts";
import { MessageModel } from "./model_messages.ts";
import { FolderModel } from "./model_folders.ts";
import { wrongWithParking } from "./model_parked.ts";
import { UsageModel } from "./model_usage.ts";
import { WorkModel } from "./model_work.ts";
import { ScheduleModel, UNDER_WAY_MS } from "./model_schedules.ts";
import type { SimMachine, SimProcess } from "./sim_agents.ts";
import type { SimTime } from "./sim_time.ts";
import { agentOfSpec, type Promised } from "./server_life.ts";

type Status = TaskState["status"];

const LEGAL: Record<Status | "none", readonly (Status | "gone")[]> = {
  none: ["pending", "queued", "failed"],
  // One that a message has reopened is as it was when the message is withdrawn, and those that depend on it wait again.
  pending: ["queued", "failed", "cancelled", "paused", "completed"],
  queued: ["running", "cancelled", "paused", "pending", "completed", "failed"],
  running: ["completed", "failed", "cancelled", "paused", "queued", "pending"],
  paused: ["pending", "queued", "running", "completed", "failed", "cancelled"],
  completed: ["gone", "queued", "pending"],
  failed: ["pending", "queued", "failed", "gone"],
  cancelled: ["pending", "queued", "failed", "gone"],
};
const FINISHED: readonly Status[] = ["completed", "failed", "cancelled"];
const MAX_ATTEMPTS = 3;
const HOUR_MS = 3_600_000;
/** An agent that is not at work by then keeps no other from starting. */
const START_WAIT_MS = 10_000;
/** Until a signal has been acted on. */
const SIGNAL_MS = 5_000;

interface Change {
  from: Status | undefined;
  to: Status;
  order: number;
  answered: boolean;
}

/** What events told of, as it was committed: whoever watches must hear of it. */
export type Told =
  | { kind: "status"; id: string; from: string; to: string; progress: number }
  | { kind: "progress"; id: string; status: string; progress: number }
  | { kind: "permission"; id: string; permission_id: string }
  | { kind: "log"; level: string; agent: string; message: string };

export interface KnownTask {
  spec: TaskSpec;
  state: TaskState;
  json: string;
  /** Changes of status that no event has told of yet. */
  untold: Change[];
  /** It has had what it depends on: an attempt has begun since it was made or retried. */
  hasBegun: boolean;
  /** Where it stood after which commit. */
  past: { order: number; status: Status }[];
  /** When it was last queued, and when it last went on after its end, by the monotonic clock. */
  queued_ms?: number;
  opened_ms?: number;
}

export class Model {
  readonly tasks = new Map<string, KnownTask>();
  readonly schedules: ScheduleModel;
  readonly folders: FolderModel;
  readonly messages: MessageModel;
  readonly usage: UsageModel;
  readonly checks: CheckModel;
  readonly work: WorkModel;
  readonly promised: Promised;
  readonly #time: SimTime;
  readonly #machine: SimMachine;
  /** Counts commits. */
  order = 0;
  violation: string | undefined;
  #lastTold = 0;
  #logSeq = 0;
  /** What events have told of in this life of the server, in order. */
  told: Told[] = [];
  /** Log entries that were told of, by number; they must stay. */
  readonly log = new Map<number, string>();
  /** Tasks that a commit has touched since the last look. */
  readonly #touched = new Set<string>();
  readonly #specs = new Map<string, TaskSpec>();
  /** When a task was last given a slot. */
  readonly #begun = new Map<string, number>();
  readonly #worked = new Map<string, number>();
  readonly #trace: (line: string) => void;

  /** Several programs change the disk: none is told of each change one by one. */
  readonly #isShared: boolean;

  constructor(
    time: SimTime,
    machine: SimMachine,
    promised: Promised,
    trace: (line: string) => void,
    isShared = false,
  ) {
    this.#isShared = isShared;
    this.#time = time;
    this.#machine = machine;
    this.promised = promised;
    this.messages = new MessageModel((message) => this.fail(message));
    this.usage = new UsageModel((message) => this.fail(message));
    this.folders = new FolderModel(this.tasks, promised);
    this.checks = new CheckModel((message) => this.fail(message));
    this.checks.watch(machine.checks);
    this.work = new WorkModel(
      machine.repository,
      time,
      this.tasks,
      promised.retention_ms,
      (what) => this.fail(what),
    );
    this.#trace = trace;
    this.schedules = new ScheduleModel(time, (message) => this.fail(message), (id) => {
      const task = this.tasks.get(id);
      if (task === undefined || FINISHED.includes(task.state.status)) return false;
      // One that goes on since a moment may have had its message while the next run was on its way.
      return time.monotonic_ms - (task.opened_ms ?? -Infinity) > UNDER_WAY_MS;
    });
  }

  fail(message: string): void {
    if (this.violation === undefined) this.#trace(`VIOLATION ${message}`);
    this.violation ??= message;
  }

  // ---- the disk

  committed({ checks = [], sets = [], deletes = [] }: Commit, answered: boolean): void {
    this.order++;
    const rewritten = new Map<string, ScheduleSpec>();
    const changed: { id: string; before: TaskState | undefined; task: KnownTask }[] = [];
    for (const { key, value } of sets) {
      const id = String(key[2]);
      const spec = key[1] === "spec"
        ? storedValue(value)
        : key[1] === "state"
        ? storedSpec(value)
        : undefined;
      if (spec === undefined) continue;
      const isNew = checks.some((one) =>
        one.versionstamp === null && one.key[0] === key[0] && one.key[2] === id
      );
      if (key[0] === "task") {
        const known = isNew ? undefined : this.#specs.get(id);
        if (known && !isDeepStrictEqual(known, spec)) this.fail(`the spec of task ${id} has changed`);
        this.#specs.set(id, spec as TaskSpec);
      } else if (key[0] === "schedule") {
        if (isNew) this.schedules.created(id, spec as ScheduleSpec);
        else rewritten.set(id, spec as ScheduleSpec);
      }
    }
    for (const { key, value } of sets) {
      const id = String(key[2]);
      if (key[0] === "task" && key[1] === "state") {
        const known = this.tasks.get(id);
        const state = storedValue(value) as TaskState;
        const task = known ??
          { spec: this.#specs.get(id)!, state, json: "", untold: [], hasBegun: false, past: [] };
        changed.push({ id, before: known?.state, task });
        // What else this commit makes was decided before.
        if (known && FINISHED.includes(known.state.status) && !FINISHED.includes(state.status)) {
          task.opened_ms = this.#time.monotonic_ms;
        }
        task.state = state;
        task.json = JSON.stringify(state);
        this.tasks.set(id, task);
      } else if (key[0] === "schedule" && key[1] === "state") {
        const spec = storedSpec(value) as ScheduleSpec | undefined ?? rewritten.get(id);
        this.schedules.moved(id, storedValue(value) as ScheduleState, spec);
      }
    }
    this.messages.committed(sets);
    for (const { id, before, task } of changed) this.#changed(id, before, task, answered);
    this.usage.committed(
      sets,
      changed.map(({ id, before, task }) => ({ id, before, after: task.state })),
      deletes.flatMap((key) =>
        key[0] === "task" && key[1] === "state" && key.length === 3
          ? this.tasks.get(String(key[2]))?.state ?? []
          : []
      ),
    );
    for (const key of deletes) {
      if (key[1] !== "state" || key.length !== 3) continue;
      const id = String(key[2]);
      if (key[0] === "schedule") {
        this.#trace(`commit ${this.order} schedule ${id} -> gone ${answered}`);
        this.schedules.removed(id, answered);
      }
      if (key[0] === "task") this.#removed(id);
    }
  }

  #changed(id: string, before: TaskState | undefined, task: KnownTask, answered: boolean): void {
    const { state, spec } = task;
    this.#trace(
      `commit ${this.order} ${id} ${before?.status} -> ${state.status} #${state.attempt} ${answered}`,
    );
    this.#touched.add(id);
    if (before?.status === "queued" && state.status === "running") {
      this.#begun.set(id, this.#time.monotonic_ms);
    }
    if (!before && spec.schedule_id !== undefined) {
      this.schedules.ran(spec.schedule_id, id, spec.created_by?.kind === "schedule");
    }
    if (before?.status !== state.status && state.status === "queued") {
      task.queued_ms = this.#time.monotonic_ms;
    }
    if (before?.status !== state.status) {
      task.past.push({ order: this.order, status: state.status });
      if (!this.#isShared) {
        task.untold.push({ from: before?.status, to: state.status, order: this.order, answered });
      }
    }
    this.checks.changed(id, before, state, this.#machine.checks.isChecked(spec));
    this.work.changed(id, before, state);
    const wrong = this.#wrongIn(before, task) ?? wrongWithParking(before, state);
    if (wrong !== undefined) this.fail(`task ${id}: ${before?.status} -> ${state.status}: ${wrong}`);
    const isOpened = before && FINISHED.includes(before.status) && !FINISHED.includes(state.status);
    if (isOpened) task.hasBegun = state.reopened !== undefined && state.attempt > 0;
    if (state.status === "running") task.hasBegun = true;
  }

  /** What must hold for each change of a task, whoever makes it. */
  #wrongIn(before: TaskState | undefined, { state, spec, hasBegun }: KnownTask): string | undefined {
    const from = before?.status ?? "none";
    const { status } = state;
    // Its message is withdrawn, so that it is as it was before, also if it has failed with a dependency meanwhile.
    const isClosed = before?.reopened !== undefined && before.reopened.status === status;
    if (from !== status && !LEGAL[from].includes(status) && !isClosed) return "not a legal transition";
    const isReopened = before?.reopened === undefined && state.reopened !== undefined;
    if (from === "completed" && status !== from && !isReopened) return "not a legal transition";
    if (isReopened && state.waiting === undefined) return "reopened without a message";
    if (["queued", "pending"].includes(from) && status === "completed" && !isClosed) {
      return "not a legal transition";
    }
    const holds = status === "running" || (status === "paused" && state.paused_from === "running");
    if (holds !== (state.lease !== undefined)) return "a lease without a run, or a run without a lease";
    if (before && before.attempt !== state.attempt && !(from === "queued" && status === "running")) {
      return "an attempt that was never started";
    }
    if ((state.progress === 100) !== (status === "completed")) return `progress ${state.progress}`;
    if (FINISHED.includes(status) !== (state.completed_at !== undefined)) return "its end has no time";
    if (FINISHED.includes(status) && before && from === status && before.attempt === state.attempt) {
      const isRetry = state.retry_count > before.retry_count;
      const isTalk = state.messages !== before.messages ||
        JSON.stringify(state.waiting) !== JSON.stringify(before.waiting);
      const isWork = state.ending !== before.ending || state.review !== before.review ||
        JSON.stringify(workOf(state)) !== JSON.stringify(workOf(before));
      // That the agent is gone is known later; so is whether that of a cancelled one had its prompt.
      const isLate = before.leaving !== undefined && state.leaving === undefined ||
        status === "cancelled" && state.turn_over !== before.turn_over;
      // Tasks below it have gone.
      const isBelow = JSON.stringify(state.below_gone) !== JSON.stringify(before.below_gone);
      const isSame = JSON.stringify(state) === JSON.stringify(before);
      if (!isSame && !isRetry && !isTalk && !isLate && !isWork && !isBelow) return "changed after its end";
    }
    const last = state.attempts.at(-1);
    const isLate = last?.failure?.kind === "unresponsive";
    const hasDied = isLate || last?.failure?.kind === "agent_crashed";
    const kind = last?.failure?.kind;
    const isRefused = kind === "provider_limit";
    const isBusy = kind === "overloaded" || kind === "network";
    const isParked = last?.outcome === "interrupted" && this.promised.permission_park_ms;
    if (
      from === "running" && status === "queued" && !isRefused && (isLate || !hasDied) && !isReopened &&
      !isParked
    ) {
      return "taken back for no reason";
    }
    if (from === "running" && status === "pending" && !isBusy && !hasDied) return "put off for no reason";
    const hasEnded = before?.lease !== undefined && state.lease === undefined && status !== "cancelled";
    if (hasEnded && (isRefused || isBusy)) {
      if (status === "failed" && isRefused) return "fails because its provider refuses it for a time";
      if (status === "failed" && (before.patience?.waited_ms ?? 0) < HOUR_MS) {
        return "fails for a busy provider";
      }
      if (status !== "failed" && state.automatic_attempts >= before.automatic_attempts) {
        return "a refusal counts as an attempt";
      }
      if (state.session === undefined && before.session !== undefined) return "a refusal costs the session";
    }
    // By another clock it may not be due.
    const isTimed = spec.scheduled_time !== undefined || state.not_before !== undefined;
    if (hasBegun && from === "queued" && status === "pending" && !isTimed) {
      return "waits again although it has begun";
    }
    const isRetried = before !== undefined && state.retry_count > before.retry_count;
    if (
      hasBegun && !isClosed && !isRetried && from !== status && status === "failed" &&
      state.failed_dependency !== undefined
    ) {
      return "fails with a dependency although it has begun";
    }
    if (
      status === "failed" && from !== status && hasDied && !isClosed &&
      state.failed_dependency === undefined &&
      state.automatic_attempts < MAX_ATTEMPTS
    ) {
      return "given up although it may be tried again";
    }
    if (status === "running" && from === "paused" && before?.paused_from !== "running") {
      return "resumed without a run";
    }
    if (status === "failed" && state.failed_dependency !== undefined) {
      const dependency = this.tasks.get(state.failed_dependency)?.state.status;
      // A retry whose commit was answered with an error is not known to the program yet.
      const isUnknown = (this.tasks.get(state.failed_dependency)?.untold.length ?? 0) > 0;
      const isDiscarded = this.tasks.get(state.failed_dependency)?.state.review === "discarded";
      if (
        !isUnknown && !isClosed && from !== status && dependency !== "failed" && dependency !== "cancelled" &&
        !(isDiscarded && spec.execution?.after === "accepted")
      ) {
        return `failed with ${state.failed_dependency}, which is ${dependency}`;
      }
    }
    if (status === "queued" && from !== "queued" && spec.scheduled_time !== undefined) {
      if (Date.parse(spec.scheduled_time) > this.#time.latest_ms) return "before its time";
    }
    if (from === "queued" && status === "running") {
      if (before && state.attempt !== before.attempt + 1) return "attempts are not counted";
      if (state.automatic_attempts > MAX_ATTEMPTS) return "more attempts than allowed";
      for (const id of hasBegun ? [] : spec.dependencies ?? []) {
        const { status: dependency, review = "none" } = this.tasks.get(id)?.state ?? {};
        const isAccepted = spec.execution?.after === "accepted" && review === "accepted" &&
          dependency !== undefined && FINISHED.includes(dependency);
        if (dependency !== undefined && dependency !== "completed" && !isAccepted) {
          return `${id} is ${dependency}, not completed`;
        }
        if (spec.execution?.after === "accepted" && review !== "none" && !isAccepted) {
          return `${id} is ${review}, not accepted`;
        }
      }
    }
    return undefined;
  }

  #removed(id: string): void {
    const task = this.tasks.get(id);
    this.tasks.delete(id);
    this.messages.removed(id);
    if (!task) return;
    const { status, completed_at } = task.state;
    if (!LEGAL[status].includes("gone")) this.fail(`task ${id} was removed while ${status}`);
    else if (Date.parse(completed_at!) > this.#time.latest_ms - this.promised.retention_ms) {
      this.fail(`task ${id} was removed before its time`);
    }
    for (const [other, { spec, state }] of this.tasks) {
      if (!FINISHED.includes(state.status) && spec.dependencies?.includes(id)) {
        this.fail(`task ${id} was removed while ${other} waits for it`);
      }
    }
  }

  // ---- the program

  /** What a new life has read must be what was committed. */
  loaded(store: Store): void {
    for (const task of this.tasks.values()) task.untold = [];
    this.#touched.clear();
    this.told = [];
    this.#lastTold = 0;
    this.#logSeq = 0;
    if (store.tasks.size !== this.tasks.size) {
      this.fail(`${this.tasks.size - store.tasks.size} tasks are lost`);
    }
    this.compare(store);
  }

  /** The program's memory against the disk, but for what it could not know. */
  compare(store: Store): void {
    for (const [id, task] of this.tasks) {
      if (task.untold.length > 0) continue;
      const held = store.tasks.get(id);
      if (!held) this.fail(`task ${id} is lost`);
      else if (held.state.status !== task.state.status) {
        this.fail(`task ${id} is ${held.state.status} in memory and ${task.state.status} on the disk`);
      }
    }
  }

  event(event: DomainEvent): void {
    if (event.kind === "task.changed") this.#told(event);
    else if (event.kind === "task.progressed") {
      const { id, state } = event.after;
      if (JSON.stringify(state) !== this.tasks.get(id)?.json) {
        this.fail(`task ${id}: told of progress never committed`);
      }
      this.told.push({ kind: "progress", id, status: state.status, progress: state.progress });
    } else if (event.kind === "log.appended") {
      for (const { seq, entry } of event.entries) {
        if (this.#logSeq > 0 && seq !== this.#logSeq + 1) this.fail(`log entry ${seq} after ${this.#logSeq}`);
        if (this.#logSeq === 0 && this.log.has(seq)) this.fail(`log entry ${seq} was told of before`);
        this.#logSeq = seq;
        const { level, agent, message } = entry;
        this.told.push({ kind: "log", level, agent, message });
        this.log.set(seq, entry.message);
      }
    } else if (event.kind === "permission.requested") {
      const { task_id: id, request: { permission_id } } = event;
      this.told.push({ kind: "permission", id, permission_id });
    }
  }

  #told({ before, after }: Extract<DomainEvent, { kind: "task.changed" }>): void {
    const { id, state } = after;
    this.#trace(`told ${id} ${before?.state.status} -> ${state.status}`);
    const task = this.tasks.get(id);
    const next = task?.untold.shift();
    if (!task || !next || next.from !== before?.state.status || next.to !== state.status) {
      return this.fail(
        `task ${id}: told of ${before?.state.status} -> ${state.status}, which was not committed`,
      );
    }
    if (JSON.stringify(state) !== task.json) this.fail(`task ${id}: told of what is not committed`);
    const from = next.from ?? "pending";
    this.told.push({ kind: "status", id, from, to: next.to, progress: task.state.progress });
    if (!next.answered) return;
    if (next.order < this.#lastTold) this.fail(`task ${id}: told of after later changes`);
    this.#lastTold = next.order;
  }

  /** Between two steps, when all has run as far as it can. */
  look(): void {
    for (const id of this.#touched) {
      const next = this.tasks.get(id)?.untold[0];
      if (next?.answered) this.fail(`task ${id}: nobody was told of ${next.from} -> ${next.to}`);
    }
    this.#touched.clear();
    let starting = 0;
    for (const process of this.#machine.processes) {
      this.#worked.set(`${process.task_id}#${process.attempt}`, process.worked_ms);
      if (process.runner.isDead) continue;
      const begun_ms = this.#begun.get(process.task_id) ?? -Infinity;
      if (!process.hasSession && this.#time.monotonic_ms - begun_ms < START_WAIT_MS) starting++;
      const limit_ms = this.tasks.get(process.task_id)?.spec.timeout ?? this.promised.timeout_ms;
      if (process.worked_ms > limit_ms + SIGNAL_MS) {
        this.fail(`task ${process.task_id} runs beyond its timeout`);
      }
    }
    if (starting > this.promised.max_starting) this.fail(`${starting} agents start at once`);
  }

  processStarts({ task_id, attempt }: SimProcess): void {
    this.#trace(`process ${task_id} #${attempt}`);
    const { processes } = this.#machine;
    for (const other of processes) {
      if (other.task_id === task_id) this.fail(`task ${task_id} has two processes`);
    }
    if (this.checks.isRunning(task_id)) this.fail(`task ${task_id} starts while it is checked`);
    const wrong = this.folders.wrongWith(task_id, [...processes].map((other) => other.task_id));
    if (wrong !== undefined) this.fail(wrong);
    const known = this.tasks.get(task_id);
    if (!known || known.state.attempt !== attempt) {
      this.fail(`task ${task_id}: attempt ${attempt} was not committed`);
    }
  }

  /** A task is about to be started: was it its turn? */
  turnOf(id: string, store: Store, running: ReadonlySet<string>): void {
    const place = (task: { spec: TaskSpec }): [number, number] => [
      -["low", "medium", "high", "critical"].indexOf(task.spec.priority),
      task.spec.order,
    ];
    const wrong = this.#whyHeld(id, store);
    if (wrong !== undefined) this.fail(`task ${id} is started although ${wrong}`);
    // It was chosen before it was stored that it goes first, when others may not have been queued yet.
    if (this.#triesFirst(id, store)) return;
    const [rank, age] = place(store.tasks.get(id)!);
    for (const other of store.tasks.values()) {
      if (other.state.status !== "queued" || other.state.parked || running.has(other.id)) continue;
      if (this.folders.isHeldUp(other.id, [...running]) || this.#mustWait(other.id, store)) continue;
      if (this.#whyHeld(other.id, store) !== undefined || this.#triesFirst(other.id, store)) continue;
      const { leaving } = other.state;
      if (leaving && !store.node.isVoid(leaving)) continue;
      // Commits of the same instant are looked at one after the other, and a start may be planned in between.
      if (this.tasks.get(other.id)?.queued_ms === this.#time.monotonic_ms) continue;
      const [otherRank, otherAge] = place(other);
      if (otherRank < rank || (otherRank === rank && otherAge < age)) {
        this.fail(`task ${id} was started before ${other.id}, whose turn it was`);
      }
    }
  }

  /** Why the task may not start for its agent's provider, by what the program knows of it. */
  #whyHeld(id: string, { tasks, holds }: Store): string | undefined {
    const agent = agentOfSpec(tasks.get(id)!.spec);
    for (const { state } of holds.values()) {
      if (state.agent !== agent || state.is_open) continue;
      if (Date.parse(state.until) > this.#time.latest_ms) return "its agent is held";
      if (state.first?.task_id !== id) return "another one goes first";
    }
    return undefined;
  }

  /** Whether the hold of the task's agent has run out, so that it is stored that this task goes first before it starts. */
  #triesFirst(id: string, { tasks, holds }: Store): boolean {
    const agent = agentOfSpec(tasks.get(id)!.spec);
    return [...holds.values()].some(({ state }) => state.agent === agent && !state.is_open);
  }

  /** A message may have made something go on that it depends on, before it was known that it does. */
  #mustWait(id: string, { tasks }: Store): boolean {
    if (this.tasks.get(id)?.hasBegun) return false;
    const { dependencies = [], execution } = tasks.get(id)?.spec ?? {};
    return dependencies.some((dependency) => {
      const { status, review = "none" } = tasks.get(dependency)?.state ?? {};
      return ![undefined, "completed"].includes(status) ||
        (execution?.after === "accepted" && !["none", "accepted"].includes(review));
    });
  }

  /** How long an attempt's process was at work, as far as was seen. */
  workedOf(id: string, attempt: number): number | undefined {
    return this.#worked.get(`${id}#${attempt}`);
  }

  /** What agents ask, also those that have been ended. */
  get asked(): { task_id: string; permission_id: string }[] {
    const parked = [...this.tasks].flatMap(([task_id, { state }]) =>
      (state.parked?.permissions ?? []).map(({ permission_id }) => ({ task_id, permission_id }))
    );
    const open = [...this.#machine.processes].flatMap(({ task_id, asks }) =>
      asks === undefined ? [] : [{ task_id, permission_id: asks }]
    );
    return [...parked, ...open];
  }

  get unfinished(): string[] {
    return [...this.tasks].filter(([, { state }]) => !FINISHED.includes(state.status)).map(([id]) => id);
  }
}

/** What is recorded of a task's work when it is saved. */
function workOf({ workspace, changes, milestones }: TaskState) {
  return [workspace, changes, milestones];
}
