/** The engine's doors: what clients may ask of tasks, and its start and stop. */
import { getLogger } from "@logtape/logtape";
import { isoTime, type Timer, within } from "../clock/clock.ts";
import type { Agent } from "../protocol/basic_messages.ts";
import { ApiError, type ErrorCode } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import type { Request } from "../protocol/messages.ts";
import type { NewTask, Task, TaskStatus } from "../domain/task.ts";
import type { TaskSummary } from "../protocol/system_messages.ts";
import type { TaskResult } from "../protocol/task_messages.ts";
import { cascade, CASCADE_LIMIT, dependencyFailures, failuresRead, isDue } from "../domain/cascade.ts";
import { readiness } from "../domain/dependencies.ts";
import { queryTasks } from "../read/task_query.ts";
import {
  holdsSlot,
  isFinished,
  progressDiffers,
  specOf,
  type TaskRecord,
  type TaskState,
} from "../domain/task_record.ts";
import { summarise } from "../read/task_summary.ts";
import { cancelled, created, paused, resumed, retried } from "../domain/transitions.ts";
import type { RunContext } from "./run_context.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { LogRetention } from "../store/log_store.ts";
import { recoverLost, releaseOwn } from "./recovery.ts";
import { insert } from "../store/queue.ts";
import { startRetention } from "./retention.ts";
import { shownTask } from "./shown_task.ts";
import { present, requireDependencies, type TaskMemory } from "../read/task_index.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** A cancel waits this long to see the processes gone before it answers; they are ended in any case. */
const CANCEL_WAIT_MS = 2000;
/** Ending all agents at shutdown may take this long, so that the server is gone within 10 s. */
const STOP_WAIT_MS = 7000;

export interface EngineOptions extends RunContext {
  max_concurrent: number;
  /** How many agents may be starting at the same time. */
  max_starting: number;
  /** Milliseconds after which finished tasks are removed. */
  retention_ms: number;
  max_finished: number;
  log_retention: LogRetention;
  /** Why no program can be run here, if so; then tasks are refused. */
  cannotRun(): ApiError | undefined;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #dispatcher: Dispatcher;
  #stopping = false;
  #retention: Timer | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher(options, options.max_concurrent, options.max_starting);
    options.store.changes.subscribe("task", (changes) => {
      for (const { before, after } of changes) this.#committed(before, after);
    });
  }

  /** The one source of task events. */
  #committed(before: TaskRecord | undefined, after: TaskRecord | undefined): void {
    const { bus } = this.#options;
    // The last step is told before the end, which is where watchers stop.
    if (after && before && progressDiffers(before.state, after.state)) {
      bus.publish({ kind: "task.progressed", before, after });
    }
    if (after && before?.state.status !== after.state.status) {
      bus.publish({ kind: "task.changed", before, after });
    }
    this.#dispatcher.note(before, after);
    if (before && after && holdsSlot(before.state)) this.#follow(before, after);
  }

  /** Agents follow what is committed, so also a commit whose outcome was learned later than its answer. */
  #follow(before: TaskRecord, after: TaskRecord): void {
    const run = this.#dispatcher.active.get(after.id);
    const { status } = after.state;
    if (!run || before.state.status === status) return;
    let done: Promise<void> | undefined;
    if (holdsSlot(after.state)) done = status === "paused" ? run.pause() : run.resume();
    else if (status === "cancelled") done = run.stop();
    done?.catch((error) => log.error("The agent of {id} took no signal: {error}", { id: after.id, error }));
  }

  /** Recovers what an earlier run left, then starts tasks. */
  async start(): Promise<void> {
    await this.recover();
    await this.open();
  }

  /** Queues the running tasks of an earlier run again, or fails them if their attempts are used up. */
  async recover(): Promise<void> {
    for (const task of this.#options.index.all()) {
      if (!holdsSlot(task.state)) this.#dispatcher.note(undefined, task);
    }
    const lost = await recoverLost(this.#options);
    await this.#dispatcher.settleAll();
    if (lost > 0) log.info("Recovered {tasks} tasks of an earlier run", { tasks: lost });
  }

  /** Ends the processes of an earlier run; only then starts tasks. */
  async open(): Promise<void> {
    const strays = await this.#options.runner.endStrays();
    if (strays > 0) log.info("Ended {strays} processes of an earlier run", { strays });
    if (this.#stopping) return;
    this.#retention = startRetention(this.#options);
    this.#dispatcher.open();
  }

  async stop(): Promise<void> {
    this.close();
    await this.leave();
  }

  /** Starts no more tasks, and takes none. */
  close(): void {
    this.#stopping = true;
    this.#retention?.cancel();
    this.#dispatcher.close();
  }

  /** Leaves running tasks recoverable and ends their processes. */
  async leave(): Promise<void> {
    const { clock } = this.#options;
    const runs = [...this.#dispatcher.active];
    try {
      await within(clock, STOP_WAIT_MS, releaseOwn(this.#options, runs.map(([id]) => id)), undefined);
    } catch (error) {
      log.error("Running tasks could not be put back, which is left to the next start: {error}", { error });
    }
    await within(clock, STOP_WAIT_MS, Promise.all(runs.map(([, run]) => run.leave())), undefined);
  }

  // ---- what clients ask

  /** Throws what is wrong with a task that can be seen before it is made: its agent, its folder, its dependencies. */
  async check({ id, execution, dependencies = [] }: NewTask): Promise<void> {
    const { settings, working_dirs, store } = this.#options;
    this.#refuseWhenStopping();
    const obstacle = this.#options.cannotRun();
    if (obstacle) throw obstacle;
    const { agent, working_dir } = execution ?? {};
    if (agent !== undefined && !Object.hasOwn(settings.agents, agent)) {
      throw fieldProblem("INVALID_FIELD_VALUE", "task.execution.agent", agent, Object.keys(settings.agents));
    }
    if (working_dir !== undefined) await working_dirs.resolve(working_dir);
    requireDependencies(id, dependencies, store.tasks);
  }

  has(id: string): boolean {
    return this.#options.store.tasks.get(id) !== undefined;
  }

  /** The new task, after it is durable. `schedule_id`: the schedule whose run it is. */
  async create(wanted: NewTask, schedule_id?: string): Promise<Task> {
    const { clock, index, store } = this.#options;
    await this.check(wanted);
    const { id } = wanted;
    const now = clock.now();
    const spec = specOf(wanted, { created_at: isoTime(now), order: index.nextOrder(), schedule_id });
    const record = await insert(store.tasks, id, (view) => {
      const dependencies = spec.dependencies ?? [];
      requireDependencies(id, dependencies, view);
      const ready = readiness(dependencies, (other) => view.get(other));
      const state = created(ready, isDue({ id, spec }, now), isoTime(now));
      return { spec, state, reads: present(dependencies, view) };
    });
    return this.view(record);
  }

  /** The task is cancelled durably; its processes are gone, or about to be. Cancelling twice is fine. */
  async cancel(id: string): Promise<void> {
    const { clock, index } = this.#options;
    const task = this.#find(id);
    if (task.state.status === "cancelled") return;
    const run = this.#dispatcher.active.get(id);
    if (run && holdsSlot(task.state)) {
      // The lease goes with the commit, so whatever the agent does from here on changes nothing.
      await this.#cancelRecord(id);
      await within(clock, CANCEL_WAIT_MS, run.stop(), undefined);
      return;
    }
    await this.#cancelRecord(id);
    // It may have been started between the look and the commit.
    const late = this.#dispatcher.active.get(id);
    if (late && index.find(id)?.state.status === "cancelled") {
      await within(clock, CANCEL_WAIT_MS, late.stop(), undefined);
    }
  }

  async #cancelRecord(id: string): Promise<void> {
    const { clock, index } = this.#options;
    await this.#update((view) => {
      const now = clock.now();
      const task = view.get(id);
      if (!task || task.state.status === "cancelled") return new Map();
      const states = new Map([[id, cancelled(task, isoTime(now))]]);
      const graph = {
        find: (other: string) => view.get(other),
        dependentsOf: (other: string) => index.dependentsOf(other),
      };
      return new Map([...states, ...cascade(graph, states, now, isoTime(now), CASCADE_LIMIT).states]);
    });
  }

  /** How often the task has been put back now. */
  async retry(id: string): Promise<number> {
    const { clock, index } = this.#options;
    this.#find(id);
    const obstacle = this.#options.cannotRun();
    if (obstacle) throw obstacle;
    let retry_count = 0;
    await this.#update((view) => {
      const task = this.#find(id, view);
      const now = clock.now();
      const graph = {
        find: (other: string) => view.get(other),
        dependentsOf: (other: string) => index.dependentsOf(other),
      };
      const ready = readiness(task.spec.dependencies ?? [], graph.find);
      const state = retried(task, ready, isDue(task, now), isoTime(now));
      retry_count = state.retry_count;
      // More of them than one commit carries follow at once, when the dispatcher looks at what has changed.
      const back = isFinished(state.status) ? [] : dependencyFailures(graph, id, CASCADE_LIMIT);
      return new Map([[id, state], ...back]);
    });
    return retry_count;
  }

  async pause(id: string): Promise<void> {
    this.#find(id);
    await this.#update((view) => new Map([[id, paused(this.#find(id, view))]]));
    await this.#dispatcher.active.get(id)?.signalled;
  }

  async resume(id: string): Promise<void> {
    const { clock } = this.#options;
    this.#find(id);
    await this.#update((view) => {
      const task = this.#find(id, view);
      const now = clock.now();
      const find = (other: string) => view.get(other);
      return new Map([[
        id,
        resumed(task, readiness(task.spec.dependencies ?? [], find), isDue(task, now), isoTime(now)),
      ]]);
    });
    await this.#dispatcher.active.get(id)?.signalled;
  }

  /** Answers an agent's open permission request; the id of the option that was taken. */
  answerPermission(answer: Request<"respond_to_permission">): string {
    const task = this.#find(answer.task_id);
    const run = this.#dispatcher.active.get(task.id);
    const open = run?.permissions ?? [];
    const request = open.find((one) => one.permission_id === answer.permission_id);
    if (!run || !request) {
      throw fieldProblem(
        "INVALID_FIELD_VALUE",
        "permission_id",
        answer.permission_id,
        open.map((one) => one.permission_id),
        `Task '${task.id}' has no open permission request '${answer.permission_id}'`,
        { current_status: task.state.status },
      );
    }
    const wanted = answer.decision === "allow" ? "allow_once" : "reject_once";
    const option = answer.option_id !== undefined
      ? request.options.find((one) => one.option_id === answer.option_id)
      : answer.decision === undefined
      ? undefined
      : request.options.find((one) => one.kind === wanted);
    if (!option) {
      if (answer.option_id === undefined && answer.decision === undefined) {
        throw fieldProblem(
          "MISSING_REQUIRED_FIELD",
          "option_id",
          undefined,
          "option_id, or decision",
          "Required field 'option_id' (or 'decision') is missing",
        );
      }
      throw fieldProblem(
        "INVALID_FIELD_VALUE",
        answer.option_id === undefined ? "decision" : "option_id",
        answer.option_id ?? answer.decision,
        request.options.map((one) => one.option_id),
      );
    }
    run.answerPermission(answer.permission_id, option.option_id);
    return option.option_id;
  }

  // ---- what clients read

  get(id: string): Task {
    return this.view(this.#find(id));
  }

  list(
    query: Parameters<typeof queryTasks>[2],
  ): { tasks: Task[]; total_count: number; filtered_count: number } {
    const { index } = this.#options;
    const page = queryTasks(index.columns, index.size, query);
    return { ...page, tasks: page.tasks.map((task) => this.view(task)) };
  }

  async result(id: string): Promise<{ status: TaskStatus; result: TaskResult }> {
    const { state } = this.#find(id);
    const last = state.attempt > 0 ? await this.#options.store.outputs.get(id, state.attempt) : undefined;
    return { status: state.status, result: { output: "", ...last, attempts: state.attempts } };
  }

  /** The processes started for running tasks, by pid. */
  children(): ReadonlyMap<number, { task_id: string; agent: string; activity?: string }> {
    const children = new Map<number, { task_id: string; agent: string; activity?: string }>();
    for (const [task_id, run] of this.#dispatcher.active) {
      if (run.pid === undefined) continue;
      const activity = this.#options.index.find(task_id)?.state.progress_details?.current_step;
      children.set(run.pid, { task_id, agent: run.agent, activity });
    }
    return children;
  }

  agents(): Agent[] {
    return [...this.#dispatcher.active.values()].filter((run) => run.hasBegun).map((run) => run.view());
  }

  /** What is wrong with running tasks, for the health report. */
  findings(): { code: ErrorCode; severity: "warning" | "critical"; message: string }[] {
    const obstacle = this.#options.cannotRun();
    if (obstacle) return [{ code: obstacle.code, severity: "critical", message: obstacle.message }];
    const findings: ReturnType<Engine["findings"]> = [];
    const runs = [...this.#dispatcher.active];
    const unsaved = runs.filter(([, run]) => run.isUnsaved).length;
    if (unsaved > 0) {
      const message = `${unsaved} results wait to be stored`;
      findings.push({ code: "DATABASE_ERROR", severity: "critical", message });
    }
    const silent = runs.filter(([, run]) => run.runtime_status === "unresponsive").map(([id]) => id);
    if (silent.length > 0) {
      const message = `No sign of life from the agents of ${silent.slice(0, 10).join(", ")}`;
      findings.push({ code: "HEARTBEAT_TIMEOUT", severity: "warning", message });
    }
    return findings;
  }

  /** How all tasks stand together. */
  summary(): TaskSummary {
    return summarise(this.#options.index.all(), this.#dispatcher.active.size);
  }

  view(record: TaskRecord): Task {
    const { index, clock } = this.#options;
    return shownTask(record, {
      find: index.find,
      now_ms: clock.now(),
      bottleneck: this.#dispatcher.bottleneck,
      run: this.#dispatcher.active.get(record.id),
    });
  }

  // ---- the inside

  #find(id: string, view: TaskMemory = this.#options.store.tasks): TaskRecord {
    const task = view.get(id);
    if (!task) throw new ApiError("TASK_NOT_FOUND", `Task with ID '${id}' not found`, { task_id: id });
    return task;
  }

  #refuseWhenStopping(): void {
    if (this.#stopping) {
      throw new ApiError("SERVICE_UNAVAILABLE", "The server is shutting down", { retry_after_seconds: 5 });
    }
  }

  async #update(states: (view: TaskMemory) => Map<string, TaskState>): Promise<void> {
    await this.#options.store.tasks.update((view) => {
      const next = states(view);
      return { updates: [...next].map(([id, state]) => ({ id, state })), reads: failuresRead(next) };
    });
  }
}
