/**
 * Gives slots to queued tasks, by priority and age, and wakes those whose time has come. It reacts to
 * committed changes; it never polls but for a look at the clock once a minute, in case that was set.
 */
import { getLogger } from "@logtape/logtape";
import { SERVER } from "../domain/actor.ts";
import { isoTime, sleep, type Timer, within } from "../clock/clock.ts";
import { failuresRead, resettled } from "../domain/cascade.ts";
import { dueAt } from "../domain/due.ts";
import { ReadyQueue } from "../domain/queue.ts";
import type { HeldLease } from "../domain/lease.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import { isFinished } from "../domain/task_values.ts";
import { claim } from "../store/queue.ts";
import { RunningAttempt } from "./attempt/running_attempt.ts";
import type { RunContext } from "./run_context.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** A changed wall clock is noticed at the latest after this long. */
const CLOCK_CHECK_MS = 60_000;
/** An agent that is not at work after this long does not keep others from starting. */
const START_WAIT_MS = 10_000;
/** Waiting tasks that one commit settles. Each may come with two dependencies that were read. */
const SETTLE_BATCH = 30;
/** After a failed commit the dispatcher tries again this much later. */
const RETRY_MS = 1000;

export class Dispatcher {
  readonly #context: RunContext;
  readonly #slots: number;
  readonly #starts: number;
  readonly #queue = new ReadyQueue();
  readonly #runs = new Map<string, RunningAttempt>();
  /** Queued again while their old processes are still dying. */
  readonly #heldBack = new Map<string, TaskRecord>();
  readonly #timed = new Map<string, number>();
  /** Waiting tasks that something has happened to, and that the commit of it may not have seen. */
  readonly #unsettled = new Set<string>();
  #settling = false;
  #pumping = false;
  #alarm: Timer | undefined;
  #open = false;
  #starting = 0;

  /** `starts`: how many agents may be starting at the same time; each takes a core for seconds. */
  constructor(context: RunContext, slots: number, starts: number) {
    this.#context = context;
    this.#starts = starts;
    this.#slots = slots;
  }

  get active(): ReadonlyMap<string, RunningAttempt> {
    return this.#runs;
  }

  /** What the next queued task waits for: a slot, or an agent that is starting and leaves no room for another. */
  get bottleneck(): "slot" | "agent_start" {
    return this.#hasFreeSlot && this.#starting >= this.#starts ? "agent_start" : "slot";
  }

  get #hasFreeSlot(): boolean {
    return this.#runs.size < this.#slots;
  }

  /** Begins to start tasks. Before this, changes are only noted. */
  open(): void {
    this.#open = true;
    this.#setAlarm();
    this.#pump();
  }

  /** Resolves when no attempt runs any more. None begins while the node's lease is lost. */
  async idle(): Promise<void> {
    while (this.#runs.size > 0) {
      await Promise.all([...this.#runs.values()].map((run) => run.over));
      // Each leaves its slot in a turn of its own.
      await Promise.resolve();
    }
  }

  /** The node has a lease again: starts tasks, if it is open. */
  resume(): void {
    this.#pump();
  }

  /** Starts no more tasks. */
  close(): void {
    this.#open = false;
    this.#alarm?.cancel();
  }

  /** To be called with each committed change, in order. */
  note(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    const id = after?.id ?? before?.id;
    if (id === undefined) return;
    const status = after?.state.status;
    const due_ms = after && status === "pending" ? dueAt(after) : undefined;
    if (due_ms !== undefined) {
      this.#timed.set(id, due_ms);
      this.#setAlarm();
    } else if (this.#timed.delete(id)) this.#setAlarm();
    if (after && status === "queued" && before?.state.status !== "queued") {
      this.#queue.add(after);
      this.#pumpSoon();
    }
    // What it waits for may have ended before anybody knew of it.
    if (status === "pending" && before?.state.status !== "pending") this.#settleLater([id]);
    if (after && before && isFinished(after.state.status) !== isFinished(before.state.status)) {
      this.#settleLater(this.#context.index.dependentsOf(id));
    }
  }

  // ---- slots

  /** In a turn of its own: a commit that releases several tasks is told task by task, and the first is not the next. */
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
    while (this.#open && !lost.aborted && this.#hasFreeSlot && this.#starting < this.#starts) {
      const task = this.#queue.take((candidate) => this.#isNext(candidate));
      if (!task) return;
      void this.#begin(task.id);
    }
  }

  #isNext(candidate: TaskRecord): boolean {
    const task = this.#context.index.find(candidate.id);
    if (task?.state.status !== "queued") return false;
    if (!this.#runs.has(task.id)) return true;
    this.#heldBack.set(task.id, task);
    return false;
  }

  async #begin(id: string): Promise<void> {
    const context = this.#context;
    const task = context.index.find(id)!;
    const lease = this.#leaseOf(task);
    const agent = context.settings.agentFor(task);
    // The slot is taken before the commit, so that two tasks never take the same one.
    const run = new RunningAttempt(context, task, lease, agent);
    this.#runs.set(id, run);
    this.#starting++;
    const record = await this.#claim(id, lease, agent);
    void this.#untilReady(run);
    if (record && !lease.lost.aborted) await run.execute(record);
    else run.abandon();
    this.#runs.delete(id);
    const waiting = this.#heldBack.get(id);
    this.#heldBack.delete(id);
    if (waiting) this.#queue.add(waiting);
    this.#pump();
  }

  /** The lease of the task's next attempt, which stands on the node's own. */
  #leaseOf({ state }: TaskRecord): HeldLease {
    const { node, fencing, until, lost } = this.#context.store.node;
    return { terms: { node, attempt: state.attempt + 1, fencing, until }, lost };
  }

  /**
   * The record under the lease; undefined when the task is not to be run any more. A commit that failed may have been
   * carried out all the same, so the slot and the lease are kept until it is known.
   */
  async #claim(id: string, lease: HeldLease, agent: string): Promise<TaskRecord | undefined> {
    const { clock, store } = this.#context;
    do {
      try {
        return await claim(store.tasks, id, lease.terms, agent, isoTime(clock.now()));
      } catch (error) {
        log.error("Task {id} could not be claimed, trying again: {error}", { id, error });
        await sleep(clock, RETRY_MS);
      }
    } while (this.#open && !lease.lost.aborted);
    return undefined;
  }

  async #untilReady(run: RunningAttempt): Promise<void> {
    await within(this.#context.clock, START_WAIT_MS, run.ready, undefined);
    this.#starting--;
    this.#pump();
  }

  // ---- time

  #setAlarm(): void {
    if (!this.#open) return;
    this.#alarm?.cancel();
    this.#alarm = undefined;
    if (this.#timed.size === 0) return;
    let next = Infinity;
    for (const at_ms of this.#timed.values()) next = Math.min(next, at_ms);
    const delay_ms = Math.min(CLOCK_CHECK_MS, Math.max(0, next - this.#context.clock.now()));
    this.#alarm = this.#context.clock.after(delay_ms, () => void this.#wake());
  }

  async #wake(): Promise<void> {
    const now = this.#context.clock.now();
    const due = [...this.#timed].filter(([, at_ms]) => at_ms <= now).map(([id]) => id);
    for (const id of due) this.#timed.delete(id);
    await this.#settle(due);
    this.#setAlarm();
  }

  // ---- those that wait

  #settleLater(ids: Iterable<string>): void {
    for (const id of ids) this.#unsettled.add(id);
    if (this.#settling || this.#unsettled.size === 0) return;
    this.#settling = true;
    // In a turn of its own: this is called while a commit is being applied.
    queueMicrotask(() => void this.#settleUnsettled());
  }

  async #settleUnsettled(): Promise<void> {
    while (this.#unsettled.size > 0) {
      const ids = [...this.#unsettled];
      this.#unsettled.clear();
      await this.#settle(ids);
    }
    this.#settling = false;
  }

  /** Looks again at waiting tasks, in commits of a bounded size. */
  async #settle(ids: string[]): Promise<void> {
    const { clock, store, index } = this.#context;
    const waiting = ids.filter((id) => {
      const task = index.find(id);
      return task && resettled(index, task, clock.now()) !== undefined;
    });
    for (let at = 0; at < waiting.length; at += SETTLE_BATCH) {
      const some = waiting.slice(at, at + SETTLE_BATCH);
      try {
        await store.tasks.update((view) => {
          const now = clock.now();
          const looked = index.graphOf(view);
          const states = new Map(some.flatMap((id) => {
            const task = view.get(id);
            const state = task && resettled(looked, task, now);
            return state ? [[id, state] as const] : [];
          }));
          const forgiven = [...states.keys()].flatMap((id) => view.get(id)!.state.failed_dependency ?? []);
          return {
            updates: [...states].map(([id, state]) => ({ id, state })),
            reads: [...failuresRead(states), ...forgiven],
          };
        }, SERVER);
      } catch (error) {
        log.error("Waiting tasks could not be released, trying again: {error}", { error });
        clock.after(RETRY_MS, () => void this.#settle(some));
      }
    }
    this.#noteTimes(ids);
  }

  /** A clock that was set back makes a time come again that had come already. */
  #noteTimes(ids: string[]): void {
    const { index, clock } = this.#context;
    const now = clock.now();
    for (const id of ids) {
      const task = index.find(id);
      const due_ms = task?.state.status === "pending" ? dueAt(task) : undefined;
      if (due_ms !== undefined && due_ms > now) this.#timed.set(id, due_ms);
    }
    this.#setAlarm();
  }

  /** Looks once at all tasks that may be other than their dependencies want them; at start, since a crash may have come between an end and its consequences. */
  async settleAll(): Promise<void> {
    const ids: string[] = [];
    for (const task of this.#context.index.all()) {
      const { status, failed_dependency } = task.state;
      if (status === "pending" || status === "paused" || failed_dependency !== undefined) ids.push(task.id);
    }
    await this.#settle(ids);
  }
}
