/**
 * The agents' sessions that tasks take up. Of two agents at once in one session, each would know nothing of the other, so
 * that a session belongs to one unfinished task at a time.
 */
import type { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import type { NewTask } from "../domain/task.ts";
import { executionOf, type TaskRecord } from "../domain/task_record.ts";
import { isFinished } from "../domain/task_values.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import type { TaskIndex } from "../read/task_index.ts";
import type { RunSettings } from "./run_context.ts";

interface SessionOf {
  agent: string;
  session_id: string;
}

export class TakenSessions {
  readonly #index: Pick<TaskIndex, "all">;
  readonly #settings: Pick<RunSettings, "agents" | "agentFor">;
  /** Those of tasks that are being stored, with their ids. */
  readonly #underWay = new Map<string, string>();

  constructor(index: Pick<TaskIndex, "all">, settings: Pick<RunSettings, "agents" | "agentFor">) {
    this.#index = index;
    this.#settings = settings;
  }

  /** Throws `INVALID_FIELD_VALUE` for a task that could not go on with its session. `folder`: as the task's spec has it. */
  check(task: NewTask, folder: string | undefined): void {
    const { session, isolation } = task.execution ?? {};
    if (session === undefined) return;
    const agent = this.#settings.agentFor({ spec: { ...task, folder } });
    if (isolation === "worktree") {
      throw fieldProblem(
        "INVALID_FIELD_VALUE",
        "task.execution.isolation",
        isolation,
        ["none"],
        "A session goes on in its own folder, so not in a worktree",
      );
    }
    if (this.#settings.agents[agent]?.protocol !== "command") return;
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      "task.execution.session",
      session,
      "an agent that speaks ACP",
      `Agent '${agent}' is a command, which has no sessions`,
    );
  }

  /**
   * Stores a task by `store`, which holds its session meanwhile. Throws `INVALID_FIELD_VALUE` if another task has it.
   */
  during<T>(task: Pick<TaskRecord, "id" | "spec">, store: () => Promise<T>): Promise<T> {
    const session_id = task.spec.execution?.session;
    return session_id === undefined ? store() : this.#holding(session_id, task, store);
  }

  async #holding<T>(
    session_id: string,
    task: Pick<TaskRecord, "id" | "spec">,
    store: () => Promise<T>,
  ): Promise<T> {
    const session = { agent: this.#settings.agentFor(task), session_id };
    const key = JSON.stringify([session.agent, session_id]);
    const holder = this.#underWay.get(key) ?? this.#holderOf(session, task.id);
    if (holder !== undefined) throw taken("task.execution.session", session, holder, task.id);
    this.#underWay.set(key, task.id);
    try {
      return await store();
    } finally {
      this.#underWay.delete(key);
    }
  }

  /** Throws `INVALID_FIELD_VALUE` if another task has taken up the session of this one since it ended. */
  requireFree(task: TaskRecord): void {
    const { session } = task.state;
    const holder = session && this.#holderOf(session, task.id);
    if (holder !== undefined) throw taken("task_id", session!, holder, task.id);
  }

  #holderOf({ agent, session_id }: SessionOf, own?: string): string | undefined {
    for (const task of this.#index.all()) {
      const { id, state } = task;
      if (id === own || isFinished(state.status)) continue;
      if (state.session?.session_id === session_id && state.session.agent === agent) return id;
      if (executionOf(task).session === session_id && this.#settings.agentFor(task) === agent) return id;
    }
    return undefined;
  }
}

function taken(
  field: string,
  { agent, session_id }: SessionOf,
  holder: string,
  asking: string,
): ApiError {
  // Nobody is told the id of another tenant's task.
  const isKnown = tenantOf(holder) === tenantOf(asking);
  return fieldProblem(
    "INVALID_FIELD_VALUE",
    field,
    session_id,
    "a session in which no other task works",
    `${
      isKnown ? `Task '${holder}'` : "Another task"
    } works in session '${session_id}' of agent '${agent}': wait until it has ended`,
    isKnown ? { task_id: holder } : {},
  );
}
