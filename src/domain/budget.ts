/** Bounds on what tasks may use: their own, and those of a day. Pure. */
import type { AgentConfig } from "./agent_config.ts";
import type { ApiError } from "./errors.ts";
import { fieldProblem } from "./field_problem.ts";
import { priceOf, type Pricing } from "./pricing.ts";
import type { Execution } from "./task.ts";
import type { TaskRecord, TaskSpec, TaskState } from "./task_record.ts";
import { tokensIn, usageOf } from "./task_usage.ts";
import type { UsageSums } from "./usage.ts";
import { boundedUsage } from "./usage_sums.ts";

/** The shares of a bound, in percent, that clients are told of. */
export type Share = 80 | 100;

/** What is told when a budget has come to a share of its bound. */
export interface BudgetAlert {
  /** Whose budget: one task's, a project's or a tenant's for a day, or that of all tasks for a day. */
  scope: "task" | "project" | "tenant" | "server";
  percent: Share;
  unit: "usd" | "tokens";
  spent: number;
  bound: number;
  /** The task whose usage has come to it. */
  task: TaskRecord;
  project?: string;
  /** Of a day's budget: which day, and when it is over, as ISO 8601. */
  day?: string;
  until?: string;
}

/** One bound of a task, and what has been used of it. */
export interface Spending {
  unit: "usd" | "tokens";
  spent: number;
  bound: number;
}

/** Bounds to put in the place of a task's own. */
export type Raised = Bounds;

type Bounds = Pick<Execution, "max_cost_usd" | "max_tokens">;

/** The task's own bounds. */
function spendingsOf({ max_cost_usd, max_tokens }: Bounds, used: UsageSums | undefined): Spending[] {
  const spendings: Spending[] = [];
  if (max_cost_usd !== undefined) {
    spendings.push({ unit: "usd", spent: used?.cost_usd ?? 0, bound: max_cost_usd });
  }
  if (max_tokens !== undefined) {
    spendings.push({ unit: "tokens", spent: used ? tokensIn(used) : 0, bound: max_tokens });
  }
  return spendings;
}

/**
 * The bound of which most has been used; undefined if the task has none.
 * @param below what the tasks that its agent has started have used: that counts as its own
 */
export function tightestOf({ spec, state }: TaskRecord, below?: UsageSums): Spending | undefined {
  const { max_cost_usd, max_tokens } = spec.execution ?? {};
  if (max_cost_usd === undefined && max_tokens === undefined) return undefined;
  return spendingsOf(spec.execution!, boundedUsage(usageOf(state), below)).reduce((a, b) =>
    b.spent / b.bound > a.spent / a.bound ? b : a
  );
}

/** Whether the task has come to one of its own bounds: no turn of it may begin. `below`: as in `tightestOf`. */
export function isSpent(task: TaskRecord, below?: UsageSums): boolean {
  const tightest = tightestOf(task, below);
  return tightest !== undefined && tightest.spent >= tightest.bound;
}

/** The share that has been reached; undefined below 80 %. */
export function shareOf({ spent, bound }: Pick<Spending, "spent" | "bound">): Share | undefined {
  return spent >= bound ? 100 : spent >= 0.8 * bound ? 80 : undefined;
}

/** The state with the share that is to be told, if it is a new one. A raised bound begins anew. */
export function withShareTold(task: TaskRecord, below?: UsageSums): TaskState {
  const tightest = tightestOf(task, below);
  const share = tightest && shareOf(tightest);
  const { budget_told } = task.state;
  return share === undefined || share <= (budget_told ?? 0)
    ? task.state
    : { ...task.state, budget_told: share };
}

/** A task's spec with higher bounds. Throws `INVALID_FIELD_VALUE` for a bound that is not higher. */
export function withRaised({ id, spec }: TaskRecord, raised: Bounds): TaskSpec {
  const { execution } = spec;
  for (const field of ["max_cost_usd", "max_tokens"] as const) {
    const [wanted, present] = [raised[field], execution?.[field]];
    if (wanted === undefined || (present !== undefined && wanted > present)) continue;
    const expected = present === undefined ? "no bound, since the task has none" : `more than ${present}`;
    const message = present === undefined
      ? `Task '${id}' has no ${field} that could be raised`
      : `Task '${id}' has a ${field} of ${present}: only a higher one raises it`;
    throw fieldProblem("INVALID_FIELD_VALUE", field, wanted, expected, message);
  }
  const { max_cost_usd = execution?.max_cost_usd, max_tokens = execution?.max_tokens } = raised;
  if (raised.max_cost_usd === undefined && raised.max_tokens === undefined) return spec;
  return { ...spec, execution: { ...execution, max_cost_usd, max_tokens } };
}

/** Throws `INVALID_FIELD_VALUE` if the task has come to one of its bounds, which then has to be raised first. */
export function requireUnspent(task: TaskRecord, raised: Bounds, below?: UsageSums): void {
  const { max_cost_usd, max_tokens } = task.spec.execution ?? {};
  const spent = spendingsOf({ max_cost_usd, max_tokens }, boundedUsage(usageOf(task.state), below)).find((
    one,
  ) => one.spent >= one.bound);
  if (!spent) return;
  const field = spent.unit === "usd" ? "max_cost_usd" : "max_tokens";
  throw fieldProblem(
    "INVALID_FIELD_VALUE",
    field,
    raised[field] ?? null,
    `more than ${spent.spent}`,
    `Task '${task.id}' has used ${spent.spent} of its ${field} of ${spent.bound}: resume it with a higher one`,
    { current_status: task.state.status, spent: spent.spent, bound: spent.bound },
  );
}

/**
 * What is wrong with a bound that could never be seen to be reached: `INVALID_FIELD_VALUE`. `tells`: whether the agent tells its cost;
 * undefined if that is not known. `model`: the one that was chosen for the task.
 */
export function uncountable(
  { max_cost_usd, max_tokens }: Bounds,
  agent: { name: string; protocol?: AgentConfig["protocol"]; tells?: boolean },
  model: string | undefined,
  pricing: Pricing,
): ApiError | undefined {
  if (max_tokens !== undefined && agent.protocol === "command") {
    return boundProblem(
      "max_tokens",
      max_tokens,
      `Agent '${agent.name}' is a command, which tells no tokens`,
    );
  }
  if (max_cost_usd === undefined || agent.tells === true) return undefined;
  if (agent.protocol === "command") {
    return boundProblem(
      "max_cost_usd",
      max_cost_usd,
      `Agent '${agent.name}' is a command, which tells no cost`,
    );
  }
  if (priceOf(model, pricing) || (agent.tells === undefined && model === undefined)) return undefined;
  const what = model === undefined ? "its model is not named" : `'pricing' has no model '${model}'`;
  return boundProblem(
    "max_cost_usd",
    max_cost_usd,
    `The cost of the task cannot be known: agent '${agent.name}' tells none, and ${what}. Use max_tokens instead`,
  );
}

function boundProblem(field: keyof Bounds, value: number, message: string): ApiError {
  return fieldProblem(
    "INVALID_FIELD_VALUE",
    `task.execution.${field}`,
    value,
    "no bound, or an agent and a model whose use can be counted",
    message,
  );
}
