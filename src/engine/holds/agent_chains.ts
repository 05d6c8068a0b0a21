/** Which agents may run a task, by the configuration: its own, and those that take its place while that one is held. */
import type { AgentConfig } from "../../domain/agent_config.ts";
import { uncountable } from "../../domain/budget.ts";
import { heldTo } from "../../domain/permission_decision.ts";
import type { Pricing } from "../../domain/pricing.ts";
import { refusedVariables } from "../../domain/refused_variables.ts";
import type { LimitAction } from "../../domain/retrying.ts";
import { executionOf, type TaskRecord } from "../../domain/task_record.ts";
import type { TaskSettings } from "../projects.ts";

export interface AgentChainsOptions {
  /** Whether the agent can be held to `ask` and `deny`. */
  canHold(agent: AgentConfig): boolean;
  /** Whether the agent tells its cost; undefined if that is not known. */
  tellsCost?(agent: AgentConfig): boolean | undefined;
  settings: Pick<TaskSettings, "agentFor" | "executionOf"> & {
    agents: Readonly<Record<string, AgentConfig>>;
    provider_limit: { action?: LimitAction };
    pricing: Pricing;
  };
}

export class AgentChains {
  readonly #options: AgentChainsOptions;

  constructor(options: AgentChainsOptions) {
    this.#options = options;
  }

  /** The agents that may run the task, in the order in which they are asked. */
  of(task: TaskRecord): string[] {
    const { settings } = this.#options;
    const own = settings.agentFor(task);
    const { action = "fallback" } = settings.provider_limit;
    const { fallback = [] } = settings.agents[own] ?? {};
    // A session that was taken up from elsewhere is known to its agent only.
    if (action !== "fallback" || fallback.length === 0 || executionOf(task).session !== undefined) {
      return [own];
    }
    const others = fallback.filter((name) => name !== own && this.#mayRun(name, task));
    const chain = [own, ...others];
    // It stays where its session is.
    const { agent: last } = task.state.session ?? {};
    return last !== undefined && others.includes(last)
      ? [last, ...chain.filter((name) => name !== last)]
      : chain;
  }

  /**
   * Whether an agent can take the place of a task's own: it keeps to the task's permissions and bounds, may be given its
   * variables, and can be told its turn.
   */
  #mayRun(name: string, task: TaskRecord): boolean {
    const { settings, canHold, tellsCost } = this.#options;
    const agent = settings.agents[name];
    if (agent === undefined) return false;
    if (agent.protocol === "command" && task.state.prompt?.message !== undefined) return false;
    const execution = settings.executionOf(task);
    if (refusedVariables(Object.keys(execution.env ?? {}), agent.allow_env ?? []).length > 0) return false;
    const counted = { name, protocol: agent.protocol, tells: tellsCost?.(agent) };
    if (uncountable(execution, counted, agent.model, settings.pricing)) return false;
    const { permissions = "allow", permission_rules = [] } = execution;
    return heldTo(permissions, permission_rules, name) === "allow" || canHold(agent);
  }

  /** The model that the agent would run the task with, if that is named. */
  modelOf(task: TaskRecord, agent: string): string | undefined {
    const { settings } = this.#options;
    const own = agent === settings.agentFor(task) ? this.ownModel(task) : undefined;
    return own ?? settings.agents[agent]?.model;
  }

  /** The model that the task itself names. */
  ownModel(task: TaskRecord): string | undefined {
    return this.#options.settings.executionOf(task).model;
  }
}
