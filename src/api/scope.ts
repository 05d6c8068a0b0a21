/**
 * What a key may send, see and hear that is limited to projects or to a tenant. This is the one place that decides it. A message or
 * a push that is not listed here is closed to such keys.
 */
import type { Identity } from "../access/identity.ts";
import type { Actor } from "../domain/actor.ts";
import { ALL_TENANTS, DEFAULT_TENANT } from "../domain/tenant_id.ts";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { isInside } from "../domain/path_inside.ts";
import type { NewTask } from "../domain/task.ts";
import type { TenantQuota } from "../domain/tenant.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import type { ScheduleQueries } from "../engine/schedules/schedule_queries.ts";
import type { TaskCommands } from "../engine/task_commands.ts";
import type { TaskQueries } from "../engine/task_queries.ts";
import type { RequestType } from "../protocol/messages.ts";
import type { Push } from "../protocol/pushes.ts";
import { isOfAllTenants, type Tenancy } from "./tenancy.ts";

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

/**
 * What else those of one tenant may send. What is about keys, sessions and processes leaves out those of others. All that is the
 * server's own is left to its owner and to keys of all tenants.
 */
const TENANT_MESSAGES: ReadonlySet<RequestType> = new Set([
  "create_key",
  "list_keys",
  "revoke_key",
  "rotate_key",
  "kill_process",
  "request_process_list",
  "request_claude_processes",
  "request_system_health",
  "list_remembered",
  "request_audit_log",
]);

/** What tells how much others do. Those of one tenant may not ask for it. */
const ABOUT_OTHERS: ReadonlySet<RequestType> = new Set(["request_metrics"]);

/** The messages that are about all tenants if they name `*`. */
const ABOUT_ALL: ReadonlySet<RequestType> = new Set([
  "list_tasks",
  "list_schedules",
  "list_worktrees",
  "list_projects",
  "list_keys",
  "list_sessions",
  "list_agents",
  "list_templates",
  "list_remembered",
  "request_audit_log",
  "request_status",
  "request_log_entries",
  "request_usage",
  "request_process_list",
  "request_claude_processes",
  "create_report",
  "subscribe_to_updates",
]);

/** The pushes that are about no task. */
const OPEN_PUSHES: ReadonlySet<Push["type"]> = new Set([
  "resource_update",
  "connection_status",
  "rate_limit_info",
]);

interface Sources {
  queries: Pick<TaskQueries, "has" | "get" | "projectOf" | "projectOfTask">;
  scheduler: { queries: Pick<ScheduleQueries, "asTask"> };
  commands: Pick<TaskCommands, "placeOf" | "agentFor">;
  tenancy: Pick<Tenancy, "isOn" | "quotaOf">;
  /** Whether an agent's sandbox is configured, also as `none`. */
  isContained(agent: string): boolean;
}

export interface Limits {
  /** The only projects; undefined for all. */
  projects?: readonly string[];
  /** The only tenant; undefined for all. */
  tenant?: string;
  quota?: TenantQuota;
  /** Whether it is of all tenants, and this message about one. */
  isWide?: boolean;
}

export class Scope {
  /** Undefined: all. */
  readonly #projects: ReadonlySet<string> | undefined;
  readonly #limits: Limits;
  readonly #sources: Sources;
  readonly #actor: Actor;

  constructor(actor: Actor, limits: Limits, sources: Sources) {
    this.#actor = actor;
    this.#limits = limits;
    const { projects = limits.quota?.projects } = limits;
    this.#projects = projects &&
      new Set(projects.filter((name) => limits.quota?.projects?.includes(name) ?? true));
    this.#sources = sources;
  }

  /** The only tenant that it sees; undefined for all. */
  get tenant(): string | undefined {
    return this.#limits.tenant;
  }

  /** The only tenant that it is of; undefined for those of all. */
  get boundTo(): string | undefined {
    return this.#limits.isWide ? undefined : this.#limits.tenant;
  }

  seesProject(name: string | undefined): boolean {
    return this.#projects === undefined || (name !== undefined && this.#projects.has(name));
  }

  /** Whether what belongs to this tenant is seen. */
  seesTenant(tenant: string): boolean {
    return this.#limits.tenant === undefined || this.#limits.tenant === tenant;
  }

  /** Whether what tasks of a project and a tenant have used is seen. */
  seesUsage({ project, tenant }: { project?: string; tenant: string }): boolean {
    return this.seesTenant(tenant) && this.seesProject(project);
  }

  /** Whether the task or schedule with this id is of the tenant and in the projects. */
  sees(id: string): boolean {
    if (!this.seesTenant(tenantOf(id))) return false;
    if (this.#projects === undefined) return true;
    const { queries, scheduler } = this.#sources;
    if (queries.has(id)) return this.seesProject(queries.projectOf(id));
    const schedule = scheduler.queries.asTask(id);
    return schedule !== undefined && this.seesProject(queries.projectOfTask(schedule));
  }

  hears(push: Push, task_id?: string): boolean {
    if (OPEN_PUSHES.has(push.type)) return true;
    const about = taskOf(push, task_id);
    return about !== undefined && this.sees(about);
  }

  /** Throws `PERMISSION_DENIED` for a message that is closed to such keys, `TASK_NOT_FOUND` for a task of another project. */
  require(type: RequestType, request: object): void {
    const { projects, tenant, isWide } = this.#limits;
    if (isWide && projects === undefined) return;
    const kind = tenant !== undefined && ABOUT_OTHERS.has(type) ? undefined : MESSAGES[type];
    if (kind === undefined) {
      if (projects !== undefined) {
        throw new ApiError("PERMISSION_DENIED", `A key for some projects may not use '${type}'`, {
          projects,
        });
      }
      if (TENANT_MESSAGES.has(type)) return;
      throw new ApiError(
        "PERMISSION_DENIED",
        `Those of one tenant may not use '${type}': it is about the whole server`,
        {
          tenant,
        },
      );
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
    this.#requireAgent(task);
    for (const dependency of task.dependencies ?? []) {
      if (kept.includes(dependency) || this.sees(dependency)) continue;
      throw new ApiError("TASK_DEPENDENCY_ERROR", `Task dependency '${dependency}' does not exist`, {
        task_id: task.id,
        dependency_id: dependency,
      });
    }
    const { project, around, folder } = await this.#sources.commands.placeOf(task, by);
    this.#requireFolder(folder);
    if (this.seesProject(project) && this.seesProject(around)) return;
    throw this.#denied("starts tasks only in", "task.metadata.project");
  }

  #requireFolder(folder: string | undefined): void {
    const { allowed_dirs } = this.#limits.quota ?? {};
    if (
      allowed_dirs === undefined ||
      (folder !== undefined && allowed_dirs.some((dir) => isInside(dir, folder)))
    ) return;
    throw new ApiError(
      "PERMISSION_DENIED",
      `Tasks of the tenant '${this.#limits.tenant}' work only in some folders`,
      {
        field: "task.execution.working_dir",
        expected: allowed_dirs,
      },
    );
  }

  #requireAgent(task: NewTask): void {
    const { quota, tenant } = this.#limits;
    if (tenant === undefined) return;
    const agent = this.#sources.commands.agentFor(task);
    const isAllowed = quota?.agents?.includes(agent) ?? true;
    if (isAllowed && (tenant === DEFAULT_TENANT || this.#sources.isContained(agent))) return;
    const why = isAllowed
      ? `it has neither a sandbox nor agents.${agent}.sandbox: { "kind": "none" }`
      : "the tenant may use others only";
    throw new ApiError(
      "PERMISSION_DENIED",
      `Tasks of the tenant '${tenant}' may not use the agent '${agent}': ${why}`,
      {
        field: "task.execution.agent",
        value: agent,
        expected: quota?.agents,
      },
    );
  }

  /** Throws `PERMISSION_DENIED` for what is not about one of the key's projects. */
  requireProject(name: string | undefined): void {
    if (!this.seesProject(name)) throw this.#denied("sees only", "project");
  }

  #denied(what: string, field: string): ApiError {
    const projects = [...this.#projects ?? []];
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

/** Which tasks a scope sees; undefined for all. */
export function seenTasks(scope: Scope | undefined): ((task_id: string) => boolean) | undefined {
  return scope && ((task_id) => scope.sees(task_id));
}

/** The scope of an identity; undefined if it sees everything. */
export function scopeOf(identity: Identity, sources: Sources): Scope | undefined {
  const { actor, projects } = identity;
  const { tenancy } = sources;
  const tenant = tenancy.isOn && actor.tenant !== ALL_TENANTS ? actor.tenant : undefined;
  if (projects === undefined && tenant === undefined) return undefined;
  return new Scope(actor, {
    projects,
    tenant,
    quota: tenant === undefined ? undefined : tenancy.quotaOf(tenant),
    isWide: isOfAllTenants(identity),
  }, sources);
}

/** Throws `INVALID_FIELD_VALUE` for a message that has to be about one tenant and names all. */
export function requireOneTenant(type: RequestType, tenant: string): void {
  if (tenant !== ALL_TENANTS || ABOUT_ALL.has(type) || MESSAGES[type] === "open") return;
  if (MESSAGES[type] === undefined && !TENANT_MESSAGES.has(type)) return;
  throw fieldProblem("INVALID_FIELD_VALUE", "tenant", tenant, "the name of one tenant");
}

/** The task that a push is about. */
export function taskOf(push: Push, known?: string): string | undefined {
  if (known !== undefined) return known;
  if (push.type === "log_entry") return push.log.agent;
  if (push.type === "agent_update") return push.agent.task_id;
  return "task_id" in push ? push.task_id : undefined;
}
