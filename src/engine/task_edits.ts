/** Changes of a task itself: its fields before its first attempt, and whether it is archived once it is finished. */
import { isoTime } from "../clock/clock.ts";
import type { Actor } from "../domain/actor.ts";
import { cascade, failuresRead } from "../domain/cascade.ts";
import { readiness, requireNoCycle } from "../domain/dependencies.ts";
import { isDue } from "../domain/due.ts";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { keepingHidden } from "../domain/hidden_value.ts";
import type { NewTask } from "../domain/task.ts";
import { archived, requireUnbegun, stateUnder, type TaskEdit } from "../domain/task_edit.ts";
import type { TaskRecord, TaskSpec } from "../domain/task_record.ts";
import { requireDependencies, type TaskMemory } from "../read/task_index.ts";
import { foundTask } from "./found_task.ts";
import type { RunContext } from "./run_context.ts";

/** A change that other changes of the same task overtake this often is given up. */
const TRIES_MAX = 20;
/** The store checks at most a hundred versions in a commit. */
const READS_MAX = 50;
/** How many tasks one commit archives. */
const TOGETHER = 40;

/** What else may change of a task before its time. */
export type SpecEdit = Partial<Pick<TaskSpec, "type" | "files_pattern">>;

export interface EditChecks {
  /** Throws while the server shuts down. */
  requireOpen(): void;
  /** Checks a whole task as a new one. Returns its folder. */
  check(task: NewTask): undefined | Promise<string | undefined>;
  /** What the agent of the other task may ask for. */
  delegated(task: NewTask, parent_id: string): NewTask;
  /** Throws if the task of an agent would work in the folder of which its own task has a worktree. */
  requireApart(task: Pick<TaskRecord, "spec">, by: Actor): void;
  /** Holds the session that the task takes up while it is stored. */
  during<T>(task: Pick<TaskRecord, "id" | "spec">, store: () => Promise<T>): Promise<T>;
}

type EditContext = Pick<RunContext, "clock" | "index" | "settings" | "store">;

export class TaskEdits {
  readonly #context: EditContext;
  readonly #checks: EditChecks;

  constructor(context: EditContext, checks: EditChecks) {
    this.#context = context;
    this.#checks = checks;
  }

  /** Changes a task of which no attempt has begun, as if it had been started so. */
  async update(id: string, changes: TaskEdit & SpecEdit, by: Actor): Promise<TaskRecord> {
    const { store } = this.#context;
    this.#checks.requireOpen();
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const task = foundTask(id, store.tasks);
      requireUnbegun(task);
      const spec = await inChanges(() => this.#checked(task, changes, by));
      const isDone = await this.#checks.during({ id, spec }, () => this.#store(task, spec, by));
      if (isDone) return foundTask(id, store.tasks);
    }
    throw new ApiError("DATABASE_ERROR", "A change was overtaken by others again and again", {
      tries: TRIES_MAX,
    });
  }

  /**
   * Archives finished tasks, or takes them out of the archive. None is changed if one of them may not be. Returns those whose changes
   * nobody has judged.
   */
  async archive(ids: readonly string[], isArchived: boolean, by: Actor): Promise<string[]> {
    const { tasks } = this.#context.store;
    const stateOf = (id: string, i: number, view: TaskMemory) =>
      renamed("task_id", `task_ids[${i}]`, () => archived(foundTask(id, view), isArchived));
    for (const [i, id] of ids.entries()) stateOf(id, i, tasks);
    for (let at = 0; at < ids.length; at += TOGETHER) {
      await tasks.update((view) => ({
        updates: ids.slice(at, at + TOGETHER).flatMap((id, i) => {
          const state = stateOf(id, at + i, view);
          return state.archived === view.get(id)!.state.archived ? [] : [{ id, state }];
        }),
      }), by);
    }
    return ids.filter((id) => {
      const { review } = tasks.get(id)?.state ?? {};
      return review === "to_review" || review === "changes_requested";
    });
  }

  /** The new spec, checked as that of a new task as far as it changes. */
  async #checked({ id, spec }: TaskRecord, changes: TaskEdit & SpecEdit, by: Actor): Promise<TaskSpec> {
    const old = spec.dependencies ?? [];
    // Retention may have removed one that it has already.
    const added = (changes.dependencies ?? []).filter((dependency) => !old.includes(dependency));
    if (changes.execution === undefined && changes.metadata === undefined) {
      requireDependencies(id, added, this.#context.store.tasks);
      return { ...spec, ...changes };
    }
    const { execution: asked } = changes;
    const known = asked && { ...changes, execution: keepingHidden(asked, spec.execution) };
    const wanted = asNewTask(id, { ...spec, ...changes, ...known });
    const { metadata, execution } = by.kind === "agent" ? this.#checks.delegated(wanted, by.id!) : wanted;
    const folder = await this.#checks.check({ ...wanted, metadata, execution, dependencies: added });
    const edited = { ...spec, ...changes, metadata, execution, folder };
    this.#checks.requireApart({ spec: edited }, by);
    return edited;
  }

  /** Returns false if the task has changed since it was checked. */
  async #store(task: TaskRecord, spec: TaskSpec, by: Actor): Promise<boolean> {
    const { clock, index, store } = this.#context;
    const { id } = task;
    let isDone = false;
    await store.tasks.update((view) => {
      const now = clock.now();
      const current = foundTask(id, view);
      requireUnbegun(current);
      isDone = current.spec === task.spec;
      if (!isDone) return {};
      this.#requireListener({ id, spec, state: current.state });
      const find = (other: string) => view.get(other);
      const dependencies = spec.dependencies ?? [];
      const read = requireNoCycle(id, dependencies, find);
      const due = isDue({ id, spec, state: current.state }, now);
      const state = stateUnder(spec, current.state, readiness(spec, find), due, isoTime(now));
      const states = cascade(index.graphOf(view), new Map([[id, state]]), now);
      const updates = [...states].map(([one, state]) =>
        one === id ? { id, state, spec } : { id: one, state }
      );
      return { updates, reads: [...failuresRead(states), ...read.slice(0, READS_MAX)] };
    }, by);
    return isDone;
  }

  /** Messages that wait cannot be told to a command. */
  #requireListener(task: TaskRecord): void {
    const { settings } = this.#context;
    const count = task.state.waiting?.length ?? 0;
    const agent = settings.agentFor(task);
    if (count === 0 || settings.agents[agent]?.protocol !== "command") return;
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "changes.execution.agent",
      agent,
      "an agent that speaks ACP",
      `${count} messages wait for task '${task.id}', and agent '${agent}' is a command, which takes none: withdraw them first`,
    );
  }
}

function asNewTask(id: string, spec: TaskSpec): NewTask {
  const { type, priority, description, files_pattern, timeout, scheduled_time, metadata, execution } = spec;
  return { id, type, priority, description, files_pattern, timeout, scheduled_time, metadata, execution };
}

/** Names a field of the task by its place in the message. */
async function inChanges<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw withField(error, (field) => field.replace(/^task\./, "changes."));
  }
}

function renamed<T>(from: string, to: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw withField(error, (field) => field === from ? to : field);
  }
}

function withField(error: unknown, rename: (field: string) => string): unknown {
  if (!(error instanceof ApiError) || typeof error.details.field !== "string") return error;
  const { code, message, details } = error;
  const field = rename(error.details.field);
  return new ApiError(code, message.replaceAll(`'${details.field}'`, `'${field}'`), { ...details, field });
}
