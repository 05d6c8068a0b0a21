/** The commands on tasks. Each takes the actor who asks for it and resolves once its change is stored. */
import { isoTime, within } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";
import { cascade, failuresRead, putBackByRetry } from "../domain/cascade.ts";
import { delegated } from "../domain/delegated_task.ts";
import { readiness } from "../domain/dependencies.ts";
import { isDue } from "../domain/due.ts";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { unknownAgent } from "../domain/unknown_agent.ts";
import { chosenOption, type PermissionAnswer } from "../domain/permission_answer.ts";
import type { QuestionAnswer } from "../domain/question.ts";
import { unboundProblem } from "../domain/permission_binding.ts";
import type { NewTask } from "../domain/task.ts";
import type { TaskEdit } from "../domain/task_edit.ts";
import { holdsSlot, specOf, type TaskRecord, type TaskState } from "../domain/task_record.ts";
import { isFinished } from "../domain/task_values.ts";
import { cancelled, created, paused, resumed, retried } from "../domain/transitions.ts";
import { checkedContent } from "../protocol/question_content.ts";
import { present, requireDependencies, type TaskMemory } from "../read/task_index.ts";
import { insert } from "../store/queue.ts";
import { refuseCommands } from "./client_commands.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { foundTask } from "./found_task.ts";
import { type Said, type Sent, Talk } from "./talk.ts";
import { type SpecEdit, TaskEdits } from "./task_edits.ts";
import { TakenSessions } from "./taken_sessions.ts";
import type { RunContext } from "./run_context.ts";

/** How long a cancel waits for the processes to end before it answers. They are ended in any case. */
const CANCEL_WAIT_MS = 2000;

export interface CommandOptions extends RunContext {
  /** Why this server cannot run programs, if it cannot. Then tasks are refused. */
  cannotRun(): ApiError | undefined;
}

export class TaskCommands {
  readonly #options: CommandOptions;
  readonly #dispatcher: Dispatcher;
  readonly #sessions: TakenSessions;
  readonly #talk: Talk;
  readonly #edits: TaskEdits;
  #closed = false;

  constructor(options: CommandOptions, dispatcher: Dispatcher) {
    this.#options = options;
    this.#dispatcher = dispatcher;
    this.#sessions = new TakenSessions(options.index, options.settings);
    this.#talk = new Talk({
      ...options,
      claim: (ids, field) => this.#claim(ids, field),
      requireReopenable: (task) => this.#requireReopenable(task),
    });
    this.#edits = new TaskEdits(options, {
      requireOpen: () => this.#requireOpen(),
      check: (task) => this.check(task),
      delegated: (task, parent_id) => this.#delegated(task, parent_id),
      during: (task, store) => this.#sessions.during(task, store),
    });
  }

  /** Refuses new tasks from now on. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Checks a task before it is stored: its agent, its folder, its dependencies. Throws `ApiError`. Returns the folder that
   * the task names, with symbolic links resolved.
   */
  check(task: NewTask): undefined | Promise<string | undefined> {
    const { settings, working_dirs } = this.#options;
    this.#requireOpen();
    this.#requireRunnable();
    const { agent } = task.execution ?? {};
    if (agent !== undefined && !Object.hasOwn(settings.agents, agent)) {
      throw unknownAgent("task.execution.agent", agent, Object.keys(settings.agents));
    }
    const place = { spec: task };
    // A folder that is relative to a project need not be looked at to know which.
    const { working_dir, isolation } = settings.executionOf(place);
    if (working_dir === undefined && isolation !== "worktree") {
      this.#checkIn(undefined, task);
      return undefined;
    }
    return Promise.all([working_dirs.resolve(working_dir, settings.boundOf(place)), settings.refresh()]).then(
      async ([folder]) => {
        this.#checkIn(folder, task);
        await this.#checkWorkspace(folder, task);
        return working_dir === undefined ? undefined : folder;
      },
    );
  }

  async #checkWorkspace(working_dir: string, task: NewTask): Promise<void> {
    const { settings, workspaces } = this.#options;
    const place = { spec: { ...task, folder: working_dir } };
    const { isolation = "none", base } = settings.executionOf(place);
    await workspaces.check?.({ working_dir, isolation, base, project: settings.projectOf(place) });
  }

  /** The checks that depend on the task's project, so on its folder. */
  #checkIn(folder: string | undefined, task: NewTask): void {
    const { settings, store } = this.#options;
    const { id, execution = {}, dependencies = [] } = task;
    if (execution.permissions === "deny") {
      this.#requireHold(settings.agentFor({ spec: { ...task, folder } }));
    }
    refuseCommands(execution, settings);
    this.#sessions.check(task, folder);
    const { attachments = [] } = execution;
    if (attachments.length > 0) this.#claim(attachments);
    requireDependencies(id, dependencies, store.tasks);
  }

  /**
   * Stores a new task. `schedule_id`: the schedule that it is a run of. Tasks that are created at the same time are
   * queued in the order of these calls.
   */
  async create(asked: NewTask, by: Actor, schedule_id?: string): Promise<TaskRecord> {
    const { clock, index, store } = this.#options;
    const requested = by.kind === "agent" ? this.#delegated(asked, by.id!) : asked;
    const { id } = requested;
    const now = clock.now();
    const created_at = isoTime(now);
    const added = { created_at, created_by: by, order: index.nextOrder(), schedule_id };
    const checked = this.check(requested);
    this.#dispatcher.expect();
    const folder = checked && await checked;
    const spec = specOf(requested, { ...added, folder });
    return await this.#sessions.during({ id, spec }, () =>
      insert(store.tasks, id, (view) => {
        const dependencies = spec.dependencies ?? [];
        requireDependencies(id, dependencies, view);
        const ready = readiness(spec, (other) => view.get(other));
        const state = created(ready, isDue({ id, spec }, now), created_at);
        return { spec, state, reads: present(dependencies, view) };
      }, by));
  }

  /** Changes a task of which no attempt has begun, as if it had been started so. */
  async update(id: string, changes: TaskEdit & SpecEdit, by: Actor): Promise<TaskRecord> {
    return await this.#edits.update(id, changes, by);
  }

  /** Archives finished tasks, or takes them out of the archive: all of them or none. */
  async archive(ids: readonly string[], isArchived: boolean, by: Actor): Promise<void> {
    await this.#edits.archive(ids, isArchived, by);
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
    this.#requireRunnable();
    if (!fresh) this.#sessions.requireFree(ended);
    this.#dispatcher.expect();
    let retry_count = 0;
    await this.#update((view) => {
      const task = this.#find(id, view);
      const now = clock.now();
      const graph = index.graphOf(view);
      const ready = readiness(task.spec, graph.find);
      const state = retried(task, ready, isDue(task, now), isoTime(now), { fresh });
      retry_count = state.retry_count;
      // If they do not all fit into one commit, the dispatcher puts the rest back when it sees the change.
      const back = isFinished(state.status) ? [] : putBackByRetry(graph, id);
      return new Map([[id, state], ...back]);
    }, by);
    return retry_count;
  }

  /** Sends a message to a task's agent. Throws `INVALID_FIELD_VALUE` if the task takes none. */
  async say(task_id: string, said: Said, by: Actor): Promise<Sent> {
    return await this.#talk.say(task_id, said, by);
  }

  /** Takes back a message that waits. */
  async withdraw(task_id: string, message_id: string, by: Actor): Promise<void> {
    await this.#talk.withdraw(task_id, message_id, by);
  }

  async pause(id: string, by: Actor): Promise<void> {
    this.#find(id);
    await this.#update((view) => new Map([[id, paused(this.#find(id, view))]]), by);
    await this.#dispatcher.active.get(id)?.signalled;
  }

  async resume(id: string, by: Actor): Promise<void> {
    const { clock } = this.#options;
    this.#find(id);
    await this.#update((view) => {
      const task = this.#find(id, view);
      const now = clock.now();
      const ready = readiness(task.spec, (other) => view.get(other));
      return new Map([[id, resumed(task, ready, isDue(task, now), isoTime(now))]]);
    }, by);
    await this.#dispatcher.active.get(id)?.signalled;
  }

  /** Answers an agent's open permission request. Returns the id of the chosen option. */
  answerPermission(
    { task_id, permission_id, ...answer }: PermissionAnswer & { task_id: string; permission_id: string },
    by: Actor,
  ): string {
    const { state } = this.#find(task_id);
    // The agent of a task that has just been cancelled is still being ended.
    const run = holdsSlot(state) ? this.#dispatcher.active.get(task_id) : undefined;
    const open = run?.permissions ?? [];
    const request = open.find((one) => one.permission_id === permission_id);
    const option = request && chosenOption(answer, request);
    // Another answer, or the timeout, may have come first although the request is still listed.
    if (option && run?.answerPermission(permission_id, option.option_id, by)) return option.option_id;
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "permission_id",
      permission_id,
      open.filter((one) => one !== request).map((one) => one.permission_id),
      `Task '${task_id}' has no open permission request '${permission_id}'`,
      { current_status: state.status },
    );
  }

  /**
   * Answers an agent's open question. The first answer wins; later ones are refused like those to a question that is not
   * open. Content of an answer other than `accept`, or to a page to visit, is ignored.
   */
  async answerQuestion(
    { task_id, question_id, action, content = {} }: QuestionAnswer & { task_id: string; question_id: string },
    by: Actor,
  ): Promise<void> {
    const task = this.#find(task_id);
    // The agent of a task that has just been cancelled is still being ended.
    const run = holdsSlot(task.state) ? this.#dispatcher.active.get(task_id) : undefined;
    const question = run?.questions.find((one) => one.question_id === question_id);
    const isForm = action === "accept" && question?.schema !== undefined;
    const answer = isForm ? { action, content: await checkedContent(question.schema!, content) } : { action };
    if (!question || !run?.answerQuestion(question_id, answer, by)) {
      throw fieldProblem(
        "INVALID_FIELD_VALUE",
        "question_id",
        question_id,
        run?.questions.map((one) => one.question_id).filter((id) => id !== question_id) ?? [],
        `Task '${task_id}' has no open question '${question_id}'`,
        { current_status: task.state.status },
      );
    }
  }

  #claim(ids: readonly string[], field = "task.execution.attachments"): void {
    const { attachments } = this.#options;
    if (attachments) return attachments.claim(ids, field);
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      field,
      ids,
      "no attachments: a server whose store is shared keeps none",
    );
  }

  /** An agent that is not configured fails its task later. */
  #requireHold(agent: string): void {
    const { settings, runner } = this.#options;
    const config = settings.agents[agent];
    if (config !== undefined && runner.canHold?.(config) === false) throw unboundProblem(agent, config);
  }

  /** What the agent of a task asks for, within what that task has. */
  #delegated(requested: NewTask, parent_id: string): NewTask {
    const { settings, runner, index } = this.#options;
    return delegated(requested, this.#find(parent_id), {
      permissions: settings.permissions,
      executionOf: settings.executionOf,
      projectOf: settings.projectOf,
      canHold: (spec) => {
        const config = settings.agents[settings.agentFor({ spec })];
        return config === undefined || runner.canHold?.(config) !== false;
      },
      find: index.find,
    });
  }

  #requireReopenable(task: TaskRecord): void {
    this.#requireOpen();
    this.#requireRunnable();
    this.#sessions.requireFree(task);
    this.#dispatcher.expect();
  }

  #requireOpen(): void {
    if (!this.#closed) return;
    throw new ApiError("SERVICE_UNAVAILABLE", "The server is shutting down", { retry_after_seconds: 5 });
  }

  #requireRunnable(): void {
    const obstacle = this.#options.cannotRun();
    if (obstacle) throw obstacle;
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
