/** The commands on tasks. Each takes the actor who asks for it and resolves once its change is stored. */
import { isoTime, within } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";
import { type Raised, requireUnspent, withRaised } from "../domain/budget.ts";
import { cascade, failuresRead, putBackByRetry } from "../domain/cascade.ts";
import { readiness } from "../domain/dependencies.ts";
import { isDue } from "../domain/due.ts";
import type { NewTask } from "../domain/task.ts";
import type { TaskEdit } from "../domain/task_edit.ts";
import { holdsSlot, specOf, type TaskRecord, type TaskState } from "../domain/task_record.ts";
import { isFinished } from "../domain/task_values.ts";
import { cancelled, created, paused, resumed, retried } from "../domain/transitions.ts";
import { present, requireDependencies, type TaskMemory } from "../read/task_index.ts";
import { type Besides, insert } from "../store/queue.ts";
import {
  AgentAnswers,
  type AnsweredPermission,
  type GivenAnswer,
  type GivenPermission,
} from "./agent_answers.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { TenantRoom } from "./tenant_room.ts";
import { foundTask } from "./found_task.ts";
import { type Entries, type Said, type Sent, Talk } from "./talk.ts";
import { type CheckOptions, TaskChecks } from "./task_checks.ts";
import { type SpecEdit, TaskEdits } from "./task_edits.ts";
import { TakenSessions } from "./taken_sessions.ts";

/** How long a cancel waits for the processes to end before it answers. They are ended in any case. */
const CANCEL_WAIT_MS = 2000;

export class TaskCommands {
  readonly #options: CheckOptions;
  readonly #dispatcher: Dispatcher;
  readonly #sessions: TakenSessions;
  readonly #checks: TaskChecks;
  readonly #talk: Talk;
  readonly #edits: TaskEdits;
  readonly #answers: AgentAnswers;
  readonly #room: TenantRoom;

  constructor(options: CheckOptions, dispatcher: Dispatcher) {
    this.#options = options;
    this.#dispatcher = dispatcher;
    this.#room = new TenantRoom(options);
    this.#sessions = new TakenSessions(options.index, options.settings);
    this.#checks = new TaskChecks(options, this.#sessions);
    this.#talk = new Talk({
      ...options,
      claim: (ids, task_id, field) => this.#checks.claim(ids, task_id, field),
      requireReopenable: (task) => {
        this.#checks.requireReopenable(task);
        dispatcher.expect();
      },
    });
    this.#edits = new TaskEdits(options, {
      requireOpen: () => this.#checks.requireOpen(),
      check: (task) => this.#checks.check(task),
      delegated: (task, parent_id) => this.#checks.delegated(task, parent_id),
      requireApart: (task, by) => this.#checks.requireApart(task, by),
      during: (task, store) => this.#sessions.during(task, store),
    });
    this.#answers = new AgentAnswers(dispatcher, options.store.tasks, {
      remembered: options.remembered,
      say: async (task_id, text, by) => (await this.say(task_id, { text, source: "message" }, by)).message_id,
      withdraw: (task_id, message_id, by) => this.withdraw(task_id, message_id, by),
    });
  }

  /** Refuses new tasks from now on. */
  close(): void {
    this.#checks.close();
  }

  /** Checks a task before it is stored, as `create` does. Throws `ApiError`. */
  async check(task: NewTask): Promise<void> {
    await this.#checks.check(task);
  }

  /**
   * The configured project of a new task, and the one in whose folder it would work. `by`: an agent's task gets its place from
   * that of the agent. Throws as `create` does.
   */
  async placeOf(asked: NewTask, by?: Actor): Promise<{ project?: string; around?: string; folder?: string }> {
    const { settings, working_dirs } = this.#options;
    const task = by?.kind === "agent" ? this.#checks.delegated(asked, by.id!) : asked;
    const place = { spec: task };
    const [folder] = await Promise.all([
      working_dirs.resolve(settings.executionOf(place).working_dir, settings.boundOf(place)),
      settings.refresh(),
    ]);
    const unnamed = { ...task, metadata: { ...task.metadata, project: undefined }, folder };
    return {
      project: settings.projectOf({ spec: { ...task, folder } })?.name,
      around: settings.projectOf({ spec: unnamed })?.name,
      folder,
    };
  }

  /** The agent that would run the task. */
  agentFor(task: NewTask): string {
    return this.#options.settings.agentFor({ spec: task });
  }

  /**
   * Stores a new task. `schedule_id`: the schedule that it is a run of; `besides`: what belongs to the same commit. Tasks
   * that are created at the same time are queued in the order of these calls.
   */
  async create(asked: NewTask, by: Actor, schedule_id?: string, besides?: Besides): Promise<TaskRecord> {
    const { clock, index, store } = this.#options;
    const requested = by.kind === "agent" ? this.#checks.delegated(asked, by.id!) : asked;
    const { id } = requested;
    const now = clock.now();
    const created_at = isoTime(now);
    const added = { created_at, created_by: by, order: index.nextOrder(), schedule_id };
    const checked = this.#checks.check(requested);
    this.#dispatcher.expect();
    const folder = checked && await checked;
    const spec = specOf(requested, { ...added, folder });
    this.#checks.requireApart({ spec }, by);
    const give_back = this.#room.take(id, by);
    return await this.#sessions.during({ id, spec }, () =>
      insert(store.tasks, id, (view) => {
        const dependencies = spec.dependencies ?? [];
        requireDependencies(id, dependencies, view);
        const ready = readiness(spec, (other) => view.get(other));
        const state = created(ready, isDue({ id, spec }, now), created_at);
        return { spec, state, reads: present(dependencies, view), ...besides };
      }, by)).finally(give_back);
  }

  /** Changes a task of which no attempt has begun, as if it had been started so. */
  async update(id: string, changes: TaskEdit & SpecEdit, by: Actor): Promise<TaskRecord> {
    return await this.#edits.update(id, changes, by);
  }

  /** Archives finished tasks, or takes them out of the archive: all of them or none. Returns those whose changes nobody has judged. */
  archive(ids: readonly string[], isArchived: boolean, by: Actor): Promise<string[]> {
    return this.#edits.archive(ids, isArchived, by);
  }

  /** Cancels the task and ends its processes; the last ones may still be ending when this resolves. Idempotent. */
  async cancel(id: string, by: Actor): Promise<void> {
    const { clock, index } = this.#options;
    const task = this.#find(id);
    if (task.state.status === "cancelled") return;
    const run = this.#dispatcher.active.get(id);
    if (run && holdsSlot(task.state)) {
      // The commit removes the lease, so the agent can change nothing more.
      await this.#cancelRecord(id, by);
      await within(clock, CANCEL_WAIT_MS, run.stop(), undefined);
      return;
    }
    await this.#cancelRecord(id, by);
    // The task may have been started between the check and the commit.
    const late = this.#dispatcher.active.get(id);
    if (late && index.find(id)?.state.status === "cancelled") {
      await within(clock, CANCEL_WAIT_MS, late.stop(), undefined);
    }
  }

  async #cancelRecord(id: string, by: Actor): Promise<void> {
    const { clock, index } = this.#options;
    await this.#update((view) => {
      const now = clock.now();
      const task = view.get(id);
      if (!task || task.state.status === "cancelled") return new Map();
      return cascade(index.graphOf(view), new Map([[id, cancelled(task, isoTime(now))]]), now);
    }, by);
  }

  /** Queues a failed or cancelled task again; `fresh`: without the agent's session. Returns its retry count. */
  async retry(id: string, fresh: boolean, by: Actor): Promise<number> {
    const { clock, index } = this.#options;
    const ended = this.#find(id);
    this.#checks.requireRunnable();
    if (!fresh) this.#sessions.requireFree(ended);
    this.#dispatcher.expect();
    let retry_count = 0;
    await this.#within(ended, () =>
      this.#update((view) => {
        const task = this.#find(id, view);
        const now = clock.now();
        const graph = index.graphOf(view);
        const ready = readiness(task.spec, graph.find);
        const state = retried(task, ready, isDue(task, now), isoTime(now), { fresh });
        retry_count = state.retry_count;
        // If they do not all fit into one commit, the dispatcher puts the rest back when it sees the change.
        const back = isFinished(state.status) ? [] : putBackByRetry(graph, id);
        return new Map([[id, state], ...back]);
      }, by));
    return retry_count;
  }

  /** Changes a task that may go on by it, while there is a place for that in its tenant. */
  async #within<T>(task: TaskRecord | undefined, change: () => Promise<T>): Promise<T> {
    if (task === undefined || !isFinished(task.state.status)) return await change();
    const give_back = this.#room.takeAgain(task.id);
    return await change().finally(give_back);
  }

  /** Sends a message to a task's agent. Throws `INVALID_FIELD_VALUE` if the task takes none. */
  async say(task_id: string, said: Said, by: Actor): Promise<Sent> {
    return await this.#within(this.#options.index.find(task_id), () => this.#talk.say(task_id, said, by));
  }

  /** Takes back a message that waits. `besides`: what is stored in the same commit. */
  async withdraw(task_id: string, message_id: string, by: Actor, besides: Entries = {}): Promise<void> {
    await this.#talk.withdraw(task_id, message_id, by, besides);
  }

  /** Answers an agent's open permission request. */
  async answerPermission(answer: GivenPermission, by: Actor): Promise<AnsweredPermission> {
    return await this.#answers.permission(answer, by);
  }

  /** Answers an agent's open question. */
  async answerQuestion(answer: GivenAnswer, by: Actor): Promise<void> {
    await this.#answers.question(answer, by);
  }

  async pause(id: string, by: Actor): Promise<void> {
    this.#find(id);
    await this.#update((view) => new Map([[id, paused(this.#find(id, view))]]), by);
    await this.#dispatcher.active.get(id)?.signalled;
  }

  /** Resumes a paused task; `raised`: with higher bounds. Throws `INVALID_FIELD_VALUE` if it has come to one that stays. */
  async resume(id: string, by: Actor, raised: Raised = {}): Promise<void> {
    const { clock, store, index } = this.#options;
    this.#find(id);
    await store.tasks.update((view) => {
      const found = this.#find(id, view);
      const now = clock.now();
      const ready = readiness(found.spec, (other) => view.get(other));
      const state = resumed(found, ready, isDue(found, now), isoTime(now));
      const spec = withRaised(found, raised);
      requireUnspent({ ...found, spec }, raised, index.usedBelow(id));
      if (spec === found.spec) {
        return { updates: [{ id, state }], reads: failuresRead(new Map([[id, state]])) };
      }
      const told = { ...state, budget_told: undefined };
      return { updates: [{ id, state: told, spec }], reads: failuresRead(new Map([[id, state]])) };
    }, by);
    await this.#dispatcher.active.get(id)?.signalled;
  }

  #find(id: string, view: TaskMemory = this.#options.store.tasks): TaskRecord {
    return foundTask(id, view);
  }

  async #update(states: (view: TaskMemory) => Map<string, TaskState>, by: Actor): Promise<void> {
    await this.#options.store.tasks.update((view) => {
      const next = states(view);
      return { updates: [...next].map(([id, state]) => ({ id, state })), reads: failuresRead(next) };
    }, by);
  }
}
