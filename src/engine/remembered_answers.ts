/** Answers to permission requests that people want remembered. They are stored; those of a task go with it. */
import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime } from "../clock/clock.ts";
import { type Actor, SERVER } from "../domain/actor.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import type { PermissionDecision, PermissionRequest } from "../domain/permission_request.ts";
import {
  type AskedCall,
  isSameCall,
  isSameScope,
  recalled,
  type Remembered,
  type RememberScope,
} from "../domain/remembered.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import type { Store } from "../store/open.ts";
import type { TaskSettings } from "./projects.ts";

const log = getLogger(["opencode-agents", "engine"]);

/** The most that are kept for one task or one project. */
const MOST_IN_SCOPE = 500;

export interface RememberedOptions {
  clock: Clock;
  store: Pick<Store, "remembered" | "tasks" | "changes">;
  settings: Pick<TaskSettings, "projectOf">;
}

export class RememberedAnswers {
  readonly #options: RememberedOptions;

  constructor(options: RememberedOptions) {
    this.#options = options;
    options.store.changes.subscribe("task", (changes) => {
      if (options.store.remembered.size === 0) return;
      if (changes.some(({ before, after }) => before !== undefined && after === undefined)) void this.sweep();
    });
  }

  /** What was answered to the same call of this task or in its project. */
  recall(task: TaskRecord, asked: AskedCall): PermissionDecision | undefined {
    const { store, settings } = this.#options;
    if (store.remembered.size === 0) return undefined;
    const here = { task_id: task.id, project: settings.projectOf(task)?.name };
    return recalled(this.#states(), here, asked);
  }

  /**
   * What an answer would be remembered as. Throws `INVALID_FIELD_VALUE` for a call that nothing tells from others, for a task
   * without a project, and if no more is kept.
   */
  entryFor(
    task: TaskRecord,
    { title, remembers, tool_call }: PermissionRequest,
    decision: PermissionDecision,
    scope: RememberScope,
    by: Actor,
  ): Remembered {
    const { clock, settings } = this.#options;
    const project = scope === "project" ? settings.projectOf(task)?.name : undefined;
    const refuse = (expected: string, message: string) =>
      fieldProblem("INVALID_FIELD_VALUE", "remember", scope, expected, message);
    if (scope === "project" && project === undefined) {
      throw refuse("task", `Task '${task.id}' belongs to no configured project`);
    }
    if (remembers === undefined) {
      throw refuse(
        "no value",
        "The request names neither a command nor files by which it would be known again",
      );
    }
    const { outside } = tool_call;
    const entry: Remembered = {
      ...remembers,
      scope,
      task_id: task.id,
      project,
      decision,
      title,
      outside: Array.isArray(outside) && outside.length > 0 ? outside.map(String) : undefined,
      at: isoTime(clock.now()),
      by,
    };
    const others = [...this.#states()].filter((one) => isSameScope(one, entry) && !isSameCall(one, entry));
    if (others.length >= MOST_IN_SCOPE) {
      throw refuse(
        "no value",
        `${MOST_IN_SCOPE} answers are remembered there already. Forget some of them first`,
      );
    }
    return entry;
  }

  /** Stores the answer in the place of an earlier one to the same call. Returns its id. */
  async keep(entry: Remembered, by: Actor): Promise<string> {
    const { clock, store } = this.#options;
    const chance = Math.floor(clock.random() * 36 ** 8).toString(36).padStart(8, "0");
    const id = `rem_${chance}`;
    await store.remembered.update((view) => {
      const same = [...view.values()].filter(({ state }) =>
        isSameScope(state, entry) && isSameCall(state, entry)
      );
      return { creates: [{ id, spec: {}, state: entry }], removes: same.map((one) => one.id) };
    }, by);
    return id;
  }

  /** The newest first. */
  list({ task_id, project }: { task_id?: string; project?: string }): ({ id: string } & Remembered)[] {
    return [...this.#options.store.remembered.values()]
      .filter(({ state }) => task_id === undefined || state.task_id === task_id)
      .filter(({ state }) => project === undefined || state.project === project)
      .map(({ id, state }) => ({ id, ...state }))
      .sort((a, b) => a.at < b.at ? 1 : a.at > b.at ? -1 : 0);
  }

  /** Throws `INVALID_FIELD_VALUE` for an id that is not there. */
  async forget(id: string, by: Actor): Promise<void> {
    await this.#options.store.remembered.update((view) => {
      if (view.get(id) !== undefined) return { removes: [id] };
      throw fieldProblem(
        "INVALID_FIELD_VALUE",
        "id",
        id,
        "an id of list_remembered",
        `No answer is remembered as '${id}'`,
      );
    }, by);
  }

  /** Forgets the answers of tasks that are gone. */
  async sweep(): Promise<void> {
    const { store } = this.#options;
    const isGone = ({ scope, task_id }: Remembered) =>
      scope === "task" && store.tasks.get(task_id) === undefined;
    try {
      await store.remembered.update((view) => ({
        removes: [...view.values()].filter(({ state }) => isGone(state)).map(({ id }) => id),
      }), SERVER);
    } catch (error) {
      // The next removed task, or the next start, makes up for it.
      log.warn("Answers of removed tasks could not be forgotten: {error}", { error });
    }
  }

  *#states(): Iterable<Remembered> {
    for (const { state } of this.#options.store.remembered.values()) yield state;
  }
}
