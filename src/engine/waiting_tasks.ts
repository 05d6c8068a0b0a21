/**
 * Tasks that wait for a time or for other tasks: releases them when they are due, and when what they wait for has ended. It
 * does not poll, except that it reads the clock once a minute in case the clock was set.
 */
import { getLogger } from "@logtape/logtape";
import type { Timer } from "../clock/clock.ts";
import { SERVER } from "../domain/actor.ts";
import { failuresRead, resettled } from "../domain/cascade.ts";
import { dueAt } from "../domain/due.ts";
import type { TaskRecord, TaskState } from "../domain/task_record.ts";
import { isFinished } from "../domain/task_values.ts";
import type { RunContext } from "./run_context.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** A changed wall clock is noticed within this time. */
const CLOCK_CHECK_MS = 60_000;
/** How many waiting tasks one commit settles. Each may come with two dependencies that were read. */
const SETTLE_BATCH = 30;
/** How long after a failed commit it is tried again. */
const RETRY_MS = 1000;

export class WaitingTasks {
  readonly #context: Pick<RunContext, "clock" | "store" | "index">;
  readonly #timed = new Map<string, number>();
  /** Waiting tasks that must be checked, because a commit may have missed that they can go on. */
  readonly #unsettled = new Set<string>();
  #settling = false;
  #alarm: Timer | undefined;
  #open = false;

  constructor(context: Pick<RunContext, "clock" | "store" | "index">) {
    this.#context = context;
  }

  /** Begins to release tasks when they are due. Before this, times are only recorded. */
  open(): void {
    this.#open = true;
    this.#setAlarm();
  }

  close(): void {
    this.#open = false;
    this.#alarm?.cancel();
  }

  /** To be called with each committed change, in order. `isNew`: the task was not waiting like this before. */
  note(id: string, before: TaskRecord | undefined, after: TaskRecord | undefined, isNew: boolean): void {
    const isPending = after?.state.status === "pending";
    const due_ms = isPending ? dueAt(after) : undefined;
    if (due_ms !== undefined) {
      this.#timed.set(id, due_ms);
      this.#setAlarm();
    } else if (this.#timed.delete(id)) this.#setAlarm();
    // Its dependencies may have ended before this change was known.
    if (isPending && isNew) this.settleLater([id]);
    if (after && before && standsOtherwise(before.state, after.state)) {
      this.settleLater(this.#context.index.dependentsOf(id));
    }
  }

  /**
   * Checks all tasks that may not match their dependencies. Called at startup, because a crash may have come between the
   * end of a task and its consequences.
   */
  async settleAll(): Promise<void> {
    const ids: string[] = [];
    for (const task of this.#context.index.all()) {
      const { status, failed_dependency } = task.state;
      const isQueued = status === "queued" && task.spec.dependencies !== undefined;
      if (status === "pending" || status === "paused" || isQueued || failed_dependency !== undefined) {
        ids.push(task.id);
      }
    }
    await this.#settle(ids);
  }

  /** Checks the tasks again in a later microtask. */
  settleLater(ids: Iterable<string>): void {
    for (const id of ids) this.#unsettled.add(id);
    if (this.#settling || this.#unsettled.size === 0) return;
    this.#settling = true;
    // Not now, because this is called while a commit is being applied.
    queueMicrotask(() => void this.#settleUnsettled());
  }

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

  async #settleUnsettled(): Promise<void> {
    while (this.#unsettled.size > 0) {
      const ids = [...this.#unsettled];
      this.#unsettled.clear();
      await this.#settle(ids);
    }
    this.#settling = false;
  }

  /** Checks waiting tasks again, in commits of bounded size. */
  async #settle(ids: string[]): Promise<void> {
    const { clock, store, index } = this.#context;
    const waiting = ids.filter((id) => this.#mayGoOn(id));
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

  /** A task that cannot be judged, which is a bug, must not keep the others waiting. */
  #mayGoOn(id: string): boolean {
    const { index, clock } = this.#context;
    try {
      const task = index.find(id);
      return task !== undefined && resettled(index, task, clock.now()) !== undefined;
    } catch (error) {
      log.error("Whether task {id} can go on is not known: {error}", { id, error });
      return false;
    }
  }

  /** Records when tasks are due. After the clock was set back, a task that was due may have to wait again. */
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
}

/** Whether those that depend on the task may have to be judged anew. */
function standsOtherwise(before: TaskState, after: TaskState): boolean {
  return isFinished(after.status) !== isFinished(before.status) || after.review !== before.review;
}
