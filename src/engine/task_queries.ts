/** Answers clients' queries about tasks and the agents that run them. */
import type { ApiError } from "../domain/errors.ts";
import { ancestorsOf } from "../domain/delegation.ts";
import { type Need, needsOf } from "../domain/needs.ts";
import { fitting } from "../domain/page.ts";
import { pullRequestView } from "../domain/pull_request.ts";
import { cutToBytes } from "../domain/scalars.ts";
import type { Task, TaskStatus } from "../domain/task.ts";
import { holdsSlot, type TaskRecord } from "../domain/task_record.ts";
import { type Surroundings, waitingFor } from "../domain/waiting_rule.ts";
import type { Agent } from "../protocol/basic_messages.ts";
import type { HealthFinding, TaskSummary } from "../protocol/system_messages.ts";
import type { TaskResult } from "../protocol/task_messages.ts";
import { queryTasks } from "../read/task_query.ts";
import { summarise } from "../read/task_summary.ts";
import type { RunningAttempt } from "./attempt/running_attempt.ts";
import { conversationOf } from "./conversation.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { foundTask } from "./found_task.ts";
import type { RunContext } from "./run_context.ts";
import { shownTask } from "./shown_task.ts";
import { newestTurns, type Turn } from "./turns_of.ts";

/** How many turns a result has. */
const TURNS_LISTED = 200;
/** The most silent tasks that a finding names. */
const NAMED_MAX = 10;
/** How much of a prompt a list shows, in bytes. */
const LISTED_PROMPT_BYTES = 2048;

export interface QueryOptions
  extends Pick<RunContext, "clock" | "index" | "store" | "runner" | "settings" | "attachments" | "holds"> {
  cannotRun(): ApiError | undefined;
  /** Why no queued task is started, if none is. */
  notOpen?(): string | undefined;
}

export class TaskQueries {
  readonly #options: QueryOptions;
  readonly #dispatcher: Dispatcher;

  constructor(options: QueryOptions, dispatcher: Dispatcher) {
    this.#options = options;
    this.#dispatcher = dispatcher;
  }

  /** Throws `TASK_NOT_FOUND`. */
  get(id: string): Task {
    return this.view(foundTask(id, this.#options.store.tasks));
  }

  has(id: string): boolean {
    return this.#options.index.find(id) !== undefined;
  }

  /** The configured project that the task belongs to. */
  projectOf(id: string): string | undefined {
    const task = this.#options.index.find(id);
    return task && this.#options.settings.projectOf(task)?.name;
  }

  /** As `projectOf`, for a task that is not stored, such as that of a schedule. */
  projectOfTask(task: Pick<Task, "type" | "metadata" | "execution">): string | undefined {
    return this.#options.settings.projectOf({ spec: task })?.name;
  }

  dependenciesOf(id: string): readonly string[] {
    return this.#options.index.find(id)?.spec.dependencies ?? [];
  }

  /** Whether the agent of `above` has started the task, directly or through others. */
  isBelow(id: string, above: string): boolean {
    const { find } = this.#options.index;
    const task = find(id);
    return task !== undefined && ancestorsOf(task, find).some((one) => one.id === above);
  }

  /** The tasks that depend on it, directly or through others. */
  allDependentsOf(id: string): string[] {
    const found = new Set<string>();
    const todo = [id];
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      for (const dependent of this.#options.index.dependentsOf(next)) {
        if (found.has(dependent)) continue;
        found.add(dependent);
        todo.push(dependent);
      }
    }
    return [...found];
  }

  /**
   * One page of tasks. It may end before `limit`, and its prompts are cut, so that its size is bounded. `max_bytes`: as
   * for any page if not given. `sees`: the tasks that there are, for whoever asks.
   */
  list(
    query: Parameters<typeof queryTasks>[1],
    max_bytes?: number,
    sees?: (id: string) => boolean,
  ): { tasks: Task[]; total_count: number; filtered_count: number } {
    const { index } = this.#options;
    const page = queryTasks(index.columns, query, {
      waitOf: (task) => waitingFor(task, this.#around(task))?.kind,
      needsOf: (task) => this.#needsOf(task),
      sees,
    });
    return { ...page, tasks: fitting(page.tasks.map((task) => listed(this.view(task))), max_bytes) };
  }

  /** All tasks for which `isWanted` holds, the oldest first. */
  all(isWanted: (task: Task) => boolean): Task[] {
    return [...this.#options.index.all()].map((task) => this.view(task)).filter(isWanted);
  }

  /** Throws `TASK_NOT_FOUND`. */
  async result(id: string): Promise<{ status: TaskStatus; result: TaskResult }> {
    const { store } = this.#options;
    const task = foundTask(id, store.tasks);
    const newest: Turn[] = [];
    for await (const turn of newestTurns(store, task)) {
      newest.push(turn);
      if (newest.length === TURNS_LISTED) break;
    }
    const { output = "", exit_code, stop_reason, usage, warnings, checks, left_running } = newest[0] ?? {};
    const { status, attempts } = task.state;
    const turns = newest.reverse().map((turn) => ({
      turn: turn.turn,
      attempt: turn.attempt,
      output: turn.output,
      stop_reason: turn.stop_reason,
      usage: turn.usage,
      checks: turn.checks,
      started_at: turn.started_at,
      ended_at: turn.ended_at,
    }));
    return {
      status,
      result: { output, exit_code, stop_reason, usage, warnings, checks, left_running, turns, attempts },
    };
  }

  /** One page of a task's conversation. Throws `TASK_NOT_FOUND`, and `INVALID_FIELD_VALUE` for an unknown `after`. */
  async conversation(id: string, page: { after?: string; limit: number }): ReturnType<typeof conversationOf> {
    return await conversationOf(this.#options, foundTask(id, this.#options.store.tasks), page);
  }

  /** The number of tasks in each status, and their overall results. */
  summary(): TaskSummary {
    return summarise(this.#options.index.all(), this.#dispatcher.active.size);
  }

  /** The agents that their providers refuse for a time. */
  heldAgents(): string[] {
    return this.#options.holds.places.heldAgents;
  }

  agents(): Agent[] {
    return [...this.#dispatcher.active.values()].filter((run) => run.hasBegun).map((run) => run.view());
  }

  /** The processes that were started for running tasks, by pid. */
  children(): ReadonlyMap<number, { task_id: string; agent: string; activity?: string }> {
    const children = new Map<number, { task_id: string; agent: string; activity?: string }>();
    for (const [task_id, run] of this.#dispatcher.active) {
      if (run.pid === undefined) continue;
      const activity = this.#options.index.find(task_id)?.state.progress_details?.current_step;
      children.set(run.pid, { task_id, agent: run.agent, activity });
    }
    return children;
  }

  /** The problems of running tasks, for the health report. */
  findings(): HealthFinding[] {
    const obstacle = this.#options.cannotRun();
    if (obstacle) return [{ code: obstacle.code, severity: "critical", message: obstacle.message }];
    const findings: HealthFinding[] = [];
    const notOpen = this.#options.notOpen?.();
    if (notOpen !== undefined) {
      findings.push({ code: "SERVICE_UNAVAILABLE", severity: "critical", message: notOpen });
    }
    const runs = [...this.#dispatcher.active];
    const unsaved = runs.filter(([, run]) => run.isUnsaved).length;
    if (unsaved > 0) {
      const message = `${unsaved} results wait to be stored`;
      findings.push({ code: "DATABASE_ERROR", severity: "critical", message });
    }
    const silent = runs.filter(([, run]) => run.runtime_status === "unresponsive").map(([id]) => id);
    if (silent.length > 0) {
      const message = `No sign of life from the agents of ${silent.slice(0, NAMED_MAX).join(", ")}`;
      findings.push({ code: "HEARTBEAT_TIMEOUT", severity: "warning", message });
    }
    return findings;
  }

  /** A stored task as clients see it. */
  view(record: TaskRecord): Task {
    const { runner, settings, attachments } = this.#options;
    const attached = record.spec.execution?.attachments;
    return shownTask(record, {
      attached_files: attached && attachments?.known(attached),
      goOnCommand({ agent, session_id }) {
        const config = settings.agents[agent];
        return config && runner.sessionCommand?.(config, session_id);
      },
      project: settings.projectOf(record)?.name,
      around: this.#around(record),
      run: this.#runOf(record),
    });
  }

  #needsOf(record: TaskRecord): Need[] {
    const { status, review, archived, turn, pull_request, unresolved } = record.state;
    const around = this.#around(record);
    return needsOf({
      status,
      review,
      archived,
      unresolved,
      pull_request: pull_request && pullRequestView(pull_request, turn),
      pending_permissions: around.permissions,
      pending_questions: around.questions,
      waiting_for: waitingFor(record, around),
    });
  }

  #around(record: TaskRecord): Surroundings {
    const { index, clock, holds, store: { node } } = this.#options;
    const run = this.#runOf(record);
    const { leaving } = record.state;
    return {
      find: index.find,
      now_ms: clock.now(),
      bottleneck: this.#dispatcher.bottleneck,
      held_up: this.#dispatcher.heldUp(record),
      held_by_budget: record.state.status === "queued" ? this.#dispatcher.heldByBudget(record) : undefined,
      used_below: index.usedBelow(record.id),
      left_on: leaving && leaving.node !== node.node ? leaving.node : undefined,
      held: record.state.status === "queued" ? holds.places.of(record).held : undefined,
      permissions: (run ?? record.state.parked)?.permissions ?? [],
      questions: (run ?? record.state.parked)?.questions ?? [],
    };
  }

  /** The attempt of a task that this server runs. One of a task that has just been cancelled is still being ended. */
  #runOf({ id, state }: TaskRecord): RunningAttempt | undefined {
    return holdsSlot(state) ? this.#dispatcher.active.get(id) : undefined;
  }
}

function listed(task: Task): Task {
  const { execution } = task;
  if (execution?.prompt === undefined) return task;
  return { ...task, execution: { ...execution, prompt: cutToBytes(execution.prompt, LISTED_PROMPT_BYTES) } };
}
