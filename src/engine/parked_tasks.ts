/**
 * The open requests of tasks whose agents were ended while they waited for a person: answers are stored with the task, and what
 * nobody answers in time is answered for them.
 */
import { getLogger } from "@logtape/logtape";
import { isoTime, type Timer } from "../clock/clock.ts";
import { type Actor, actorName, SERVER } from "../domain/actor.ts";
import { failedWaiting } from "../domain/attempt/task_transitions.ts";
import { cascade, failuresRead } from "../domain/cascade.ts";
import { expiresAt, type LateAnswer, overdue, withAnswer } from "../domain/parked.ts";
import { followedUp } from "../domain/reopening.ts";
import type { TaskRecord, TaskState } from "../domain/task_record.ts";
import type { RunContext } from "./run_context.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** A changed wall clock is noticed within this time. */
const CLOCK_CHECK_MS = 60_000;
const RETRY_MS = 1000;

export class ParkedTasks {
  readonly #context: Pick<RunContext, "clock" | "store" | "index" | "settings">;
  /** When each of them is due, in epoch milliseconds. */
  readonly #due = new Map<string, number>();
  #alarm: Timer | undefined;
  #isOpen = false;

  constructor(context: Pick<RunContext, "clock" | "store" | "index" | "settings">) {
    this.#context = context;
  }

  /** Begins to answer what is overdue. */
  open(): void {
    this.#isOpen = true;
    this.#setAlarm();
  }

  close(): void {
    this.#isOpen = false;
    this.#alarm?.cancel();
  }

  /** To be called with each committed change. */
  note(id: string, task: TaskRecord | undefined): void {
    const due_ms = task?.state.parked && expiresAt(task.state.parked);
    if (due_ms === this.#due.get(id)) return;
    if (due_ms === undefined) this.#due.delete(id);
    else this.#due.set(id, due_ms);
    this.#setAlarm();
  }

  /** Stores the answer to an open request. False if that is not open: another answer was faster. */
  async answer(task_id: string, answer: LateAnswer, by: Actor): Promise<boolean> {
    const { store } = this.#context;
    let isAnswered = false;
    await store.tasks.update((view) => {
      const task = view.get(task_id);
      const state = task && withAnswer(task.state, answer);
      isAnswered = state !== undefined;
      return state ? { updates: [{ id: task_id, state }] } : {};
    }, by);
    if (isAnswered) this.#say(task_id, answer);
    return isAnswered;
  }

  #say(task_id: string, answer: LateAnswer): void {
    const { kind, id, title, by } = answer;
    const whose = by === undefined ? "timeout" : by.kind === "anonymous" ? "client" : actorName(by);
    const isGiven = kind === "permission" && answer.chosen.startsWith("allow");
    const message = kind === "permission"
      ? `Permission ${isGiven ? "given" : "not given"} (${answer.chosen}, by ${whose}): ${title}`
      : `Question answered (${answer.action}, by ${whose}): ${title}`;
    void this.#context.store.logs.append({
      level: by === undefined || (kind === "permission" && !isGiven) ? "warn" : "info",
      message,
      agent: task_id,
      source: kind,
      details: { [`${kind}_id`]: id, by },
      context: { task_id },
    });
  }

  #setAlarm(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    if (!this.#isOpen || this.#due.size === 0) return;
    const { clock } = this.#context;
    let next = Infinity;
    for (const at_ms of this.#due.values()) next = Math.min(next, at_ms);
    const delay_ms = Math.min(CLOCK_CHECK_MS, Math.max(0, next - clock.now()));
    this.#alarm = clock.after(delay_ms, () => void this.#wake());
  }

  async #wake(): Promise<void> {
    const { clock } = this.#context;
    const now = clock.now();
    const due = [...this.#due].filter(([, at_ms]) => at_ms <= now).map(([id]) => id);
    for (const id of due) {
      try {
        await this.#expire(id);
      } catch (error) {
        log.error("What task {id} asked could not be given up, trying again: {error}", { id, error });
        this.#alarm = clock.after(RETRY_MS, () => this.#setAlarm());
        return;
      }
    }
    this.#setAlarm();
  }

  async #expire(id: string): Promise<void> {
    const { clock, store, index, settings } = this.#context;
    let told: LateAnswer[] = [];
    await store.tasks.update((view) => {
      told = [];
      const task = view.get(id);
      if (task?.state.parked === undefined) return {};
      const now = clock.now();
      const answers = overdue(task.state.parked, now);
      const denied = answers.find(({ kind }) => kind === "permission");
      if (denied && settings.permission_timeout_action === "fail") {
        const state = followedUp(failedWaiting(task, denied.title, isoTime(now)), true);
        const states = cascade(index.graphOf(view), new Map([[id, state]]), now);
        return {
          updates: [...states].map(([one, state]) => ({ id: one, state })),
          reads: failuresRead(states),
        };
      }
      told = answers;
      const state = answers.reduce<TaskState>(
        (before, answer) => withAnswer(before, answer) ?? before,
        task.state,
      );
      return answers.length > 0 ? { updates: [{ id, state }] } : {};
    }, SERVER);
    for (const answer of told) this.#say(id, answer);
  }
}
