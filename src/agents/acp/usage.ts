/** The usage of a run, in the same shape for all agents. Pure. */
import type { Cost } from "../../domain/cost.ts";
import { counted } from "../../domain/usage_sums.ts";
import { cut, numberOf, objectOf, objectsOf, textOf } from "./wire_value.ts";

/** The protocol's field → ours. */
const TOKENS = {
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  totalTokens: "total_tokens",
  cachedReadTokens: "cached_read_tokens",
  cachedWriteTokens: "cached_write_tokens",
  thoughtTokens: "thought_tokens",
};

/** They are kept with the task. */
const LONGEST_CURRENCY = 20;
const LONGEST_MODEL = 200;

/** The tokens in the `usage` of a prompt's result; undefined when there are none. */
export function tokensOf(result: Record<string, unknown>): Record<string, number> | undefined {
  return countsOf(objectOf(result.usage), TOKENS);
}

/** What an agent counts. Undefined for what is no count. */
function countOf(value: unknown): number | undefined {
  const count = numberOf(value);
  return count === undefined || count < 0 ? undefined : counted(count);
}

/** The numbers of `counts` under our names; `names`: the agent's field → ours. Undefined when there are none. */
export function countsOf(
  counts: Record<string, unknown> | undefined,
  names: Record<string, string>,
): Record<string, number> | undefined {
  const tokens: Record<string, number> = {};
  for (const [theirs, ours] of Object.entries(names)) {
    const count = countOf(counts?.[theirs]);
    if (count !== undefined) tokens[ours] = count;
  }
  return Object.keys(tokens).length === 0 ? undefined : tokens;
}

/** Context size and cost of a `usage_update`: `{context: {used, size}, cost: {amount, currency}}`. */
export function usageUpdateOf(update: Record<string, unknown>): Record<string, unknown> {
  const usage: Record<string, unknown> = {};
  const used = countOf(update.used);
  const size = countOf(update.size);
  if (used !== undefined && size !== undefined) usage.context = { used, size };
  const cost = objectOf(update.cost);
  const amount = countOf(cost?.amount);
  if (amount !== undefined) {
    usage.cost = { amount, currency: cut(textOf(cost?.currency) ?? "USD", LONGEST_CURRENCY) };
  }
  return usage;
}

/** The model that did most of a turn, where the prompt's result says what each has read and written. */
export function modelIn(result: Record<string, unknown>): string | undefined {
  const used = objectsOf(objectOf(objectOf(result._meta)?.quota)?.model_usage);
  const tokens = ({ token_count }: Record<string, unknown>) => {
    const counts = objectOf(token_count);
    return numberOf(counts?.totalTokens) ?? numberOf(counts?.input_tokens) ?? 0;
  };
  const model = textOf(used.toSorted((a, b) => tokens(b) - tokens(a))[0]?.model);
  return model && cut(model, LONGEST_MODEL);
}

/**
 * What one call of the model has read, in an update that tells the size of its context afterwards. What it had read in the call
 * before came from its provider's cache.
 */
export function tokensOfContext(used: number, before: number): Record<string, number> {
  return { input_tokens: Math.max(0, used - before), cached_tokens: Math.min(used, before) };
}

/** What a session had cost before a turn; `unknown`: it has, but not how much. */
export type CostBefore = Cost | "unknown" | undefined;

/** The size of the context, in tokens. */
export function contextOf({ context }: Record<string, unknown>): number | undefined {
  return countOf(objectOf(context)?.used);
}

export function costOf({ cost }: Record<string, unknown>): Cost | undefined {
  return cost as Cost | undefined;
}

/** The usage without what the session had cost before. Without the cost, if that cannot be told. */
export function withoutCost(usage: Record<string, unknown>, before: CostBefore): Record<string, unknown> {
  const cost = costOf(usage);
  if (cost === undefined || before === undefined) return { ...usage };
  const { cost: _sum, ...rest } = usage;
  if (before === "unknown" || before.currency !== cost.currency) return rest;
  // Without the noise of binary fractions.
  const amount = Number((cost.amount - before.amount).toFixed(9));
  // A lower total counts from nothing again.
  return { ...rest, cost: amount < 0 ? cost : { ...cost, amount } };
}
