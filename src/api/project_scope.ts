/**
 * What a key that is limited to projects may send, see and hear. This is the one place that decides it. A message or a push
 * that is not listed here is closed to such keys.
 */
import type { Identity } from "../access/identity.ts";
import type { Actor } from "../domain/actor.ts";
import { ApiError } from "../domain/errors.ts";
import type { NewTask } from "../domain/task.ts";
import type { ScheduleQueries } from "../engine/schedules/schedule_queries.ts";
import type { TaskCommands } from "../engine/task_commands.ts";
import type { TaskQueries } from "../engine/task_queries.ts";
import type { RequestType } from "../protocol/messages.ts";
import type { Push } from "../protocol/pushes.ts";

/**
 * `named`: it is about the tasks that it names, which must be in the key's projects. `filtered`: its handler leaves out what
 * is not, or refuses to start it. `open`: it tells nothing of any task.
 */
const MESSAGES: { [T in RequestType]?: "named" | "filtered" | "open" } = {
  ping: "open",
  authenticate: "open",
  logout: "open",
  list_sessions: "open",
  end_session: "open",
  batch: "open",
  list_agents: "open",
  list_templates: "open",
  request_system_resources: "open",
  request_metrics: "open",
  subscribe_to_updates: "open",
  unsubscribe_from_updates: "open",
  list_tasks: "filtered",
  list_schedules: "filtered",
  list_projects: "filtered",
  list_worktrees: "filtered",
  request_log_entries: "filtered",
  request_status: "filtered",
  request_usage: "filtered",
  create_report: "filtered",
  start_task: "filtered",
  schedule_task: "filtered",
  start_from_template: "filtered",
  update_task: "named",
  update_schedule: "named",
  get_task_status: "named",
  get_task_result: "named",
  get_task_changes: "named",
  get_conversation: "named",
  get_review: "named",
  cancel_task: "named",
  retry_task: "named",
  pause_task: "named",
  resume_task: "named",
  archive_tasks: "named",
  answer_question: "named",
  respond_to_permission: "named",
  create_pull_request: "named",
  accept_changes: "named",
  discard_changes: "named",
  update_workspace: "named",
  review_task: "named",
  save_review: "named",
  send_message: "named",
  withdraw_message: "named",
  pause_schedule: "named",
  resume_schedule: "named",
  run_schedule: "named",
  unschedule_task: "named",
};

/** The pushes that are about no task. */
const OPEN_PUSHES: ReadonlySet<Push["type"]> = new Set([
  "resource_update",
  "connection_status",
  "rate_limit_info",
]);

interface Sources {
  queries: Pick<TaskQueries, "has" | "get" | "projectOf" | "projectOfTask">;
  scheduler: { queries: Pick<ScheduleQueries, "asTask"> };
  commands: Pick<TaskCommands, "placeOf">;
}

export class ProjectScope {
  readonly #projects: ReadonlySet<string>;
  readonly #sources: Sources;
  readonly #actor: Actor;

  constructor(actor: Actor, projects: readonly string[], sources: Sources) {
    this.#actor = actor;
    this.#projects = new Set(projects);
    this.#sources = sources;
  }

  seesProject(name: string | undefined): boolean {
    return name !== undefined && this.#projects.has(name);
  }

  /** Whether the task or schedule with this id is in the key's projects. */
  sees(id: string): boolean {
    const { queries, scheduler } = this.#sources;
    if (queries.has(id)) return this.seesProject(queries.projectOf(id));
    const schedule = scheduler.queries.asTask(id);
    return schedule !== undefined && this.seesProject(queries.projectOfTask(schedule));
  }

  hears(push: Push, task_id?: string): boolean {
    if (OPEN_PUSHES.has(push.type)) return true;
    const about = task_id ?? taskOf(push);
    return about !== undefined && this.sees(about);
  }

  /** Throws `PERMISSION_DENIED` for a message that is closed to such keys, `TASK_NOT_FOUND` for a task of another project. */
  require(type: RequestType, request: object): void {
    const kind = MESSAGES[type];
    if (kind === undefined) {
      throw new ApiError("PERMISSION_DENIED", `A key for some projects may not use '${type}'`, {
        projects: [...this.#projects],
      });
    }
    if (kind !== "named") return;
    const { task_id, task_ids = [] } = request as { task_id?: string; task_ids?: readonly string[] };
    for (const id of [...task_id === undefined ? [] : [task_id], ...task_ids]) this.#requireSeen(id);
  }

  #requireSeen(id: string): void {
    if (this.sees(id)) return;
    throw new ApiError("TASK_NOT_FOUND", `Task with ID '${id}' not found`, { task_id: id });
  }

  /**
   * Rejects with `PERMISSION_DENIED` for a task that is, or would work, elsewhere than in the key's projects, and with
   * `TASK_DEPENDENCY_ERROR` for one that depends on a task of another project.
   */
  async requireStart(task: NewTask): Promise<void> {
    await this.#requirePlace(task, [], this.#actor);
  }

  async #requirePlace(task: NewTask, kept: readonly string[], by?: Actor): Promise<void> {
    for (const dependency of task.dependencies ?? []) {
      if (kept.includes(dependency) || this.sees(dependency)) continue;
      throw new ApiError("TASK_DEPENDENCY_ERROR", `Task dependency '${dependency}' does not exist`, {
        task_id: task.id,
        dependency_id: dependency,
      });
    }
    const { project, around } = await this.#sources.commands.placeOf(task, by);
    if (this.seesProject(project) && this.seesProject(around)) return;
    throw this.#denied("starts tasks only in", "task.metadata.project");
  }

  /** Throws `PERMISSION_DENIED` for what is not about one of the key's projects. */
  requireProject(name: string | undefined): void {
    if (!this.seesProject(name)) throw this.#denied("sees only", "project");
  }

  #denied(what: string, field: string): ApiError {
    const projects = [...this.#projects];
    const who = this.#actor.kind === "agent"
      ? "This agent was started by a key for some projects, and"
      : "This key";
    return new ApiError("PERMISSION_DENIED", `${who} ${what}: ${projects.join(", ")}`, { field, projects });
  }

  /** As `requireStart`, for a task or schedule that is changed. */
  async requireChange(id: string, changes: Partial<NewTask>): Promise<void> {
    const { queries, scheduler } = this.#sources;
    const { type, priority, description, metadata, execution, dependencies } = scheduler.queries.asTask(id) ??
      queries.get(id);
    const changed = { id, type, priority, description, metadata, execution, ...changes };
    await this.#requirePlace(changed as NewTask, dependencies ?? []);
  }
}

/** The scope of an identity; undefined if it sees all projects. */
export function scopeOf({ actor, projects }: Identity, sources: Sources): ProjectScope | undefined {
  return projects && new ProjectScope(actor, projects, sources);
}

/** The task that a push is about. */
function taskOf(push: Push): string | undefined {
  if (push.type === "log_entry") return push.log.agent;
  if (push.type === "agent_update") return push.agent.task_id;
  return "task_id" in push ? push.task_id : undefined;
}
