/**
 * Starts queued tasks by priority and age, as far as they may run beside the others. It reacts to committed changes and does
 * not poll.
 */
import { getLogger } from "@logtape/logtape";
import { sleep, within } from "../clock/clock.ts";
import { isSpent } from "../domain/budget.ts";
import { resettled } from "../domain/cascade.ts";
import { ReadyQueue, type Verdict } from "../domain/queue.ts";
import { isLeaving } from "../domain/leaving.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { HeldUp } from "../domain/waiting_rule.ts";
import { Admission } from "./admission.ts";
import { Budgets } from "./budgets.ts";
import { claimed, nextLease, sayLeft } from "./claims.ts";
import { RunningAttempt } from "./attempt/running_attempt.ts";
import { ParkedTasks } from "./parked_tasks.ts";
import type { RunContext } from "./run_context.ts";
import { pauseSpent, storeShareTold } from "./task_bounds.ts";
import { WaitingTasks } from "./waiting_tasks.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** After this time, an agent that is not yet at work no longer keeps others from starting. */
const START_WAIT_MS = 10_000;
/** How long after a failed commit the dispatcher tries again. */
const RETRY_MS = 1000;

export class Dispatcher {
  readonly #context: RunContext;
  readonly #slots: number;
  readonly #startsAtOnce: number;
  readonly #admission: Admission;
  readonly #queue: ReadyQueue;
  readonly #waiting: WaitingTasks;
  readonly #parked: ParkedTasks;
  readonly #budgets: Budgets;
  readonly #runs = new Map<string, RunningAttempt>();
  /** Tasks that are queued again while their old processes still end. */
  readonly #heldBack = new Map<string, TaskRecord>();
  #pumping = false;
  #open = false;
  #startsUnderWay = 0;

  /** `startsAtOnce`: how many agents may be starting at the same time. Each start takes a core for seconds. */
  constructor(context: RunContext, slots: number, startsAtOnce: number) {
    this.#context = context;
    this.#startsAtOnce = startsAtOnce;
    this.#slots = slots;
    const wake = (held_by: string) => {
      this.#queue.wake(held_by);
      this.#pumpSoon();
    };
    this.#budgets = new Budgets({
      ...context,
      wake,
      end: (id) => this.#runs.get(id)?.endForBudget(),
      tellShare: (id) => void storeShareTold(context, id),
    });
    this.#admission = new Admission(context, { slots, wake, budgets: this.#budgets });
    this.#queue = new ReadyQueue(this.#admission.laneOf);
    this.#waiting = new WaitingTasks(context);
    this.#parked = new ParkedTasks(context);
    context.holds.listen(() => {
      this.#admission.wakeHeld();
      this.#pumpSoon();
    });
  }

  /** The tasks whose agents were ended while they waited for a person. */
  get parked(): Pick<ParkedTasks, "answer"> {
    return this.#parked;
  }

  get active(): ReadonlyMap<string, RunningAttempt> {
    return this.#runs;
  }

  /** What the next queued task waits for: a slot, or an agent that is still starting. */
  get bottleneck(): "slot" | "agent_start" {
    return this.#hasFreeSlot && this.#startsUnderWay >= this.#startsAtOnce ? "agent_start" : "slot";
  }

  /** Who keeps a queued task from starting while others pass it. */
  heldUp(task: TaskRecord): HeldUp | undefined {
    return this.#admission.heldUp(task);
  }

  /** A budget that is spent and keeps a task from starting: of a day, or of a task above it. */
  heldByBudget(task: TaskRecord): { until_ms?: number } | undefined {
    return this.#budgets.holdOf(task);
  }

  get #hasFreeSlot(): boolean {
    return this.#runs.size < this.#slots;
  }

  /** Begins to start tasks. Before this, changes are only recorded. */
  open(): void {
    this.#open = true;
    this.#waiting.open();
    this.#parked.open();
    this.#context.holds.open();
    this.#pump();
  }

  /** To be called when a task is about to be queued: if it can start at once, its start is prepared meanwhile. */
  expect(): void {
    if (this.#open && this.#hasFreeSlot) this.#context.runner.expect?.();
  }

  /** Resolves when no attempt runs. None begins while the node's lease is lost. */
  async idle(): Promise<void> {
    while (this.#runs.size > 0) {
      await Promise.all([...this.#runs.values()].map((run) => run.over));
      // An attempt leaves its slot in a later microtask.
      await Promise.resolve();
    }
  }

  /** To be called when the node has a lease again. Starts tasks, if the dispatcher is open. */
  resume(): void {
    this.#pump();
  }

  /** To be called when tasks have come to belong to other projects. */
  regroup(): void {
    this.#queue.regroup();
    this.#pumpSoon();
  }

  /** Starts no more tasks. */
  close(): void {
    this.#open = false;
    this.#budgets.close();
    this.#waiting.close();
    this.#parked.close();
    this.#context.holds.close();
  }

  /** Takes over the tasks of an earlier server. To be called once, before anything is noted. */
  load(): void {
    const queued: TaskRecord[] = [];
    for (const task of this.#context.index.all()) {
      this.#admission.note(undefined, task);
      this.#parked.note(task.id, task);
      if (task.state.status === "queued") queued.push(task);
      else if (task.state.status === "pending") this.note(undefined, task);
    }
    this.#queue.addAll(queued);
  }

  /** Takes over what tasks that are gone have cost today. To be called once, after `load`. */
  async loadBudgets(): Promise<void> {
    const { rows } = await this.#context.store.usage.get(this.#budgets.day);
    this.#budgets.load(rows);
  }

  /** To be called with each committed change, in order. */
  note(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    const id = after?.id ?? before?.id;
    if (id === undefined) return;
    this.#admission.note(before, after);
    const status = after?.state.status;
    const isLeft = before?.state.leaving !== undefined && after?.state.leaving === undefined;
    const isAnswered = before?.state.parked !== undefined && after?.state.parked === undefined;
    const isNew = before?.state.status !== status || before?.spec !== after?.spec || isLeft || isAnswered;
    if (after && status === "queued" && isNew) {
      this.#queue.add(after);
      this.#pumpSoon();
    } else if (before?.state.status === "queued" && status !== "queued") this.#queue.remove(id);
    this.#waiting.note(id, before, after, isNew);
    this.#parked.note(id, after);
    this.#budgets.note(before, after);
  }

  /** Settles all tasks that may not match their dependencies. To be called at startup. */
  async settleAll(): Promise<void> {
    await this.#waiting.settleAll();
  }

  // ---- starts

  /**
   * Starts tasks in a later microtask: a commit that releases several tasks is reported task by task, and the first one
   * reported need not be the next in the queue.
   */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { lost } = this.#context.store.node;
    while (this.#open && !lost.aborted && this.#startsUnderWay < this.#startsAtOnce) {
      const task = this.#queue.take((candidate) => this.#judge(candidate));
      if (!task) return;
      void this.#begin(task.id);
    }
  }

  #judge(candidate: TaskRecord): Verdict {
    const task = this.#context.index.find(candidate.id);
    if (task?.state.status !== "queued") return "drop";
    // It is added again when that agent is gone.
    const { node } = this.#context.store;
    if (isLeaving(task.state, (lease) => node.isVoid(lease))) return "drop";
    // It is added again when a person has answered.
    if (task.state.parked !== undefined) return "drop";
    if (this.#mustWait(task)) {
      this.#waiting.settleLater([task.id]);
      return "drop";
    }
    if (isSpent(task, this.#context.index.usedBelow(task.id))) {
      void this.#holdSpent(task.id);
      return "drop";
    }
    if (!this.#runs.has(task.id)) return this.#admission.judge(task);
    this.#heldBack.set(task.id, task);
    return "drop";
  }

  async #holdSpent(id: string): Promise<void> {
    try {
      await pauseSpent(this.#context, id);
    } catch (error) {
      log.error("Task {id} could not be paused for its budget, trying again: {error}", { id, error });
      await sleep(this.#context.clock, RETRY_MS);
      const task = this.#stillQueued(id);
      if (task) this.#queue.add(task);
      this.#pumpSoon();
    }
  }

  /** A task that could not be claimed, such as one that has to wait again, is judged once more. */
  #stillQueued(id: string): TaskRecord | undefined {
    const task = this.#context.index.find(id);
    return this.#open && task?.state.status === "queued" ? task : undefined;
  }

  /** Whether something that the task depends on goes on again, since a message came after its end. */
  #mustWait(task: TaskRecord): boolean {
    if (!task.spec.dependencies?.length) return false;
    return resettled(this.#context.index, task, this.#context.clock.now()) !== undefined;
  }

  async #begin(id: string): Promise<void> {
    const context = this.#context;
    const task = context.store.tasks.get(id)!;
    const lease = nextLease(context.store.node, task);
    const place = context.holds.places.of(task);
    const { agent } = place;
    // The slot is taken before the commit, so that two tasks never take the same one.
    const run = new RunningAttempt(context, task, lease, agent);
    this.#runs.set(id, run);
    this.#admission.enter(task);
    this.#startsUnderWay++;
    context.runner.expect?.();
    const record = await claimed(context, task, lease, place, () => this.#open);
    void this.#untilReady(run);
    try {
      if (record && !lease.lost.aborted) await run.execute(record);
      else run.abandon();
    } catch (error) {
      // A bug, which must not keep the slot.
      log.error("The attempt of task {id} broke: {error}", { id, error });
    }
    if (context.store.tasks.get(id)?.state.leaving !== undefined) await sayLeft(context, id, lease);
    this.#runs.delete(id);
    this.#admission.leave(id);
    context.holds.leave(id);
    const waiting = this.#heldBack.get(id) ?? (record ? undefined : this.#stillQueued(id));
    this.#heldBack.delete(id);
    if (waiting) this.#queue.add(waiting);
    this.#pump();
  }

  async #untilReady(run: RunningAttempt): Promise<void> {
    await within(this.#context.clock, START_WAIT_MS, run.ready, undefined);
    this.#startsUnderWay--;
    this.#pump();
  }
}
