/** What is checked before a task is stored or goes on. */
import { uncountable } from "../domain/budget.ts";
import type { Actor } from "../domain/actor.ts";
import { delegated, requireApart } from "../domain/delegated_task.ts";
import { ApiError } from "../domain/errors.ts";
import { fieldProblem } from "../domain/field_problem.ts";
import { unboundProblem } from "../domain/permission_binding.ts";
import { enforced } from "../domain/sandbox.ts";
import type { Execution, NewTask } from "../domain/task.ts";
import type { TaskRecord } from "../domain/task_record.ts";
import { tenantOf } from "../domain/tenant_id.ts";
import { requireRoom } from "../domain/waiting_bytes.ts";
import { unknownAgent } from "../domain/unknown_agent.ts";
import { requireDependencies } from "../read/task_index.ts";
import { refuseCommands } from "./client_commands.ts";
import { refuseVariables } from "./client_variables.ts";
import { foundTask } from "./found_task.ts";
import type { RunContext } from "./run_context.ts";
import { obstacleToSandbox } from "./sandbox_obstacle.ts";
import type { TakenSessions } from "./taken_sessions.ts";

export interface CheckOptions extends RunContext {
  /** Why this server cannot run programs, if it cannot. Then tasks are refused. */
  cannotRun(): ApiError | undefined;
}

export class TaskChecks {
  readonly #options: CheckOptions;
  readonly #sessions: TakenSessions;
  #closed = false;

  constructor(options: CheckOptions, sessions: TakenSessions) {
    this.#options = options;
    this.#sessions = sessions;
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
    this.requireOpen();
    this.requireRunnable();
    requireRoom(task, this.#options.index.waitingBytesBeside(task.id));
    const { agent } = task.execution ?? {};
    if (agent !== undefined && !Object.hasOwn(settings.agents, agent)) {
      throw unknownAgent("task.execution.agent", agent, Object.keys(settings.agents));
    }
    const place = { spec: task };
    // A folder that is relative to a project need not be looked at to know which.
    const { working_dir, isolation } = settings.executionOf(place);
    if (working_dir === undefined && isolation !== "worktree") {
      this.#checkIn(undefined, task);
      return this.#requireSandbox(undefined, task)?.then(() => undefined);
    }
    return Promise.all([working_dirs.resolve(working_dir, settings.boundOf(place)), settings.refresh()]).then(
      async ([folder]) => {
        this.#checkIn(folder, task);
        await this.#requireSandbox(folder, task);
        await this.#checkWorkspace(folder, task);
        return working_dir === undefined ? undefined : folder;
      },
    );
  }

  /** What the agent of a task asks for, within what that task has. */
  delegated(requested: NewTask, parent_id: string): NewTask {
    const { settings, runner, index, store } = this.#options;
    return delegated(requested, foundTask(parent_id, store.tasks), {
      permissions: settings.permissions,
      permission_rules: settings.permission_rules,
      executionOf: settings.executionOf,
      projectOf: settings.projectOf,
      canHold: (spec) => {
        const config = settings.agents[settings.agentFor({ spec })];
        return config === undefined || runner.canHold?.(config) !== false;
      },
      find: index.find,
    });
  }

  /** Throws if the task of an agent would work in the folder of which its own task has a worktree. */
  requireApart(task: Pick<TaskRecord, "spec">, by: Actor): void {
    const { settings, index } = this.#options;
    const parent = by.kind === "agent" ? index.find(by.id!) : undefined;
    const { folder } = task.spec;
    if (parent && folder) requireApart(parent, folder, settings.executionOf(task).isolation);
  }

  /** Throws if the task, or the message, names files that are not there. */
  claim(ids: readonly string[], task_id: string, field = "task.execution.attachments"): void {
    const { attachments } = this.#options;
    if (attachments) return attachments.claim(ids, tenantOf(task_id), field);
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      field,
      ids,
      "no attachments: a server whose store is shared keeps none",
    );
  }

  /** Throws if the task may not go on with its session now. */
  requireReopenable(task: TaskRecord): void {
    this.requireOpen();
    this.requireRunnable();
    this.#sessions.requireFree(task);
  }

  /** Throws while the server shuts down. */
  requireOpen(): void {
    if (!this.#closed) return;
    throw new ApiError("SERVICE_UNAVAILABLE", "The server is shutting down", { retry_after_seconds: 5 });
  }

  /** Throws on a server that cannot run programs. */
  requireRunnable(): void {
    const obstacle = this.#options.cannotRun();
    if (obstacle) throw obstacle;
  }

  /** Never silently without the sandbox that the agent is to have. */
  #requireSandbox(folder: string | undefined, task: NewTask): Promise<void> | undefined {
    const { settings, sandboxes } = this.#options;
    const agent = settings.agentFor({ spec: { ...task, folder } });
    const sandbox = enforced(settings.agents[agent]?.sandbox);
    return sandbox && obstacleToSandbox(sandboxes, agent, sandbox).then((obstacle) => {
      if (obstacle) throw obstacle;
    });
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
    const agent = settings.agentFor({ spec: { ...task, folder } });
    if (execution.permissions === "deny") this.#requireHold(agent);
    refuseVariables(execution, agent, settings.agents[agent]);
    refuseCommands(execution, settings);
    this.#requireKnownChecks(execution);
    this.#requireCountable({ spec: { ...task, folder } });
    this.#sessions.check(task, folder);
    const { attachments = [] } = execution;
    if (attachments.length > 0) this.claim(attachments, id);
    requireDependencies(id, dependencies, store.tasks);
  }

  #requireKnownChecks({ checks = [] }: Execution): void {
    const known = this.#options.settings.checks;
    const at = checks.findIndex((one) => typeof one === "string" && !Object.hasOwn(known, one));
    if (at === -1) return;
    throw fieldProblem(
      "INVALID_FIELD_VALUE",
      `task.execution.checks[${at}]`,
      checks[at],
      Object.keys(known),
      `Check '${
        checks[at]
      }' is not configured: name one of \`checks\`, or give a program with its arguments as a list`,
    );
  }

  /** A bound that nothing would ever be seen to reach is no bound. An agent that is not configured fails its task later. */
  #requireCountable(place: Parameters<RunContext["settings"]["executionOf"]>[0]): void {
    const { settings, runner } = this.#options;
    const execution = settings.executionOf(place);
    const name = settings.agentFor(place);
    const config = settings.agents[name];
    if (config === undefined) return;
    const agent = { name, protocol: config.protocol, tells: runner.tellsCost?.(config) };
    const problem = uncountable(execution, agent, execution.model ?? config.model, settings.pricing);
    if (problem) throw problem;
  }

  /** An agent that is not configured fails its task later. */
  #requireHold(agent: string): void {
    const { settings, runner } = this.#options;
    const config = settings.agents[agent];
    // What its sandbox forbids needs no permission.
    if (config === undefined || enforced(config.sandbox)) return;
    if (runner.canHold?.(config) === false) throw unboundProblem(agent, config);
  }
}
