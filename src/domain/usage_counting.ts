/** Puts what agents tell into the terms in which turns are summed. Pure. */
import { Cost } from "./cost.ts";
import { given } from "./given_fields.ts";
import { estimatedCost, type Pricing } from "./pricing.ts";
import type { TurnUsage, UsageEntry, UsageSums } from "./usage.ts";
import { added, counted, rounded } from "./usage_sums.ts";

/** How many entries a task has. Beyond that, the two oldest of an agent and model become one. */
const ENTRIES_MAX = 60;

/** What decides about the sums of a turn besides what its agent tells. */
export interface TurnFacts {
  model?: string;
  pricing: Pricing;
  duration_ms: number;
}

/** What a turn adds to the sums. */
export function sumsOf(told: Readonly<Record<string, unknown>> = {}, facts: TurnFacts): UsageSums {
  const { input_tokens, cached_write_tokens, cached_read_tokens } = told;
  const tokens = {
    input_tokens: counted(count(input_tokens) + count(cached_write_tokens)),
    output_tokens: writtenTokens(told),
    cached_tokens: count(told.cached_tokens ?? cached_read_tokens),
  };
  return { turns: 1, ...tokens, ...costOf(told, tokens, facts), duration_ms: count(facts.duration_ms) };
}

/** Some agents count the model's thoughts among what it has written, others beside it, which their total shows. */
function writtenTokens(told: Readonly<Record<string, unknown>>): number {
  const output = count(told.output_tokens);
  const thoughts = count(told.thought_tokens);
  const beside = [told.input_tokens, told.cached_read_tokens, told.cached_write_tokens].map(count)
    .reduce((sum, each) => sum + each, output + thoughts);
  return told.total_tokens === beside ? counted(output + thoughts) : output;
}

/** The turn's usage as clients see it. */
export function shownUsage(
  told: Readonly<Record<string, unknown>> | undefined,
  { cost_usd, cost_source, duration_ms, model }: UsageEntry,
): TurnUsage | undefined {
  if (told === undefined || Object.keys(told).length === 0) return undefined;
  const known_usd = cost_source === "unknown" ? undefined : cost_usd;
  return given({ ...told, model, cost_usd: known_usd, cost_source, duration_ms });
}

function costOf(
  { cost }: Readonly<Record<string, unknown>>,
  tokens: Pick<UsageSums, "input_tokens" | "output_tokens" | "cached_tokens">,
  { model, pricing }: TurnFacts,
): Pick<UsageSums, "cost_usd" | "cost_source"> {
  const told = Cost.safeParse(cost).data;
  const reported = told?.currency.toUpperCase() === "USD" && told.amount >= 0 ? told.amount : undefined;
  // An agent that does not know its model's price may tell 0.
  const hasTokens = Object.values(tokens).some((each) => each > 0);
  const estimated = reported || !hasTokens ? undefined : estimatedCost(tokens, model, pricing);
  if (estimated !== undefined) return { cost_usd: rounded(estimated), cost_source: "estimated" };
  return reported === undefined
    ? { cost_usd: 0, cost_source: "unknown" }
    : { cost_usd: rounded(reported), cost_source: "reported" };
}

/** The entries with one more: of the same day, agent and model there is only one. */
export function withEntry(entries: readonly UsageEntry[] = [], entry: UsageEntry): UsageEntry[] {
  const { day, agent, model } = entry;
  const same = entries.findIndex((one) => one.day === day && one.agent === agent && one.model === model);
  if (same >= 0) {
    return entries.map((one, at) => at === same ? { ...added(one, entry), day, agent, model } : one);
  }
  return bounded([...entries, entry]);
}

function bounded(entries: UsageEntry[]): UsageEntry[] {
  if (entries.length <= ENTRIES_MAX) return entries;
  for (const [at, old] of entries.entries()) {
    const next = entries.findIndex((one, i) => i > at && one.agent === old.agent && one.model === old.model);
    if (next < 0) continue;
    const { day, agent, model } = entries[next]!;
    const both = { ...added(old, entries[next]!), day, agent, model };
    return entries.flatMap((one, i) => i === at ? [] : [i === next ? both : one]);
  }
  // More agents and models than a person chooses.
  const [first, second, ...rest] = entries as [UsageEntry, UsageEntry, ...UsageEntry[]];
  return [{ ...second, ...added(first, second) }, ...rest];
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? counted(value) : 0;
}
