/** What turns have used: tokens, cost and time, in the same terms for all agents, and how they are summed. Pure. */
import * as z from "zod";
import { Cost } from "./cost.ts";
import { given } from "./given_fields.ts";
import { estimatedCost, type Pricing } from "./pricing.ts";

/** Where a cost comes from, from the best on. A sum of several kinds is `mixed`. */
const CostSource = z.enum(["reported", "estimated", "unknown", "mixed"]).describe(
  "reported: by the agent. estimated: from its tokens and `pricing`. unknown: neither, so that cost_usd has nothing of it. " +
    "mixed: a sum of several of these.",
);
export type CostSource = z.infer<typeof CostSource>;

const tokens = z.number().min(0);

/** What was used, as it is summed. */
export const UsageSums = z.object({
  turns: z.int().describe(
    "Turns that have ended, or are under way. One that was ended and goes on counts again.",
  ),
  input_tokens: tokens.describe("What the model has read, without what came from its provider's cache."),
  output_tokens: tokens.describe("What the model has written, its thoughts included."),
  cached_tokens: tokens.describe("What the model has read from its provider's cache."),
  cost_usd: z.number().min(0),
  cost_source: CostSource,
  duration_ms: z.number().min(0).describe("How long the turns took."),
});
export type UsageSums = z.infer<typeof UsageSums>;

/** What a task has used on one day with one agent and model. */
export const UsageEntry = UsageSums.extend({
  day: z.string().describe("Such as 2026-11-30, in `tasks.timezone`: the day on which the turns ended."),
  agent: z.string(),
  model: z.string().optional(),
});
export type UsageEntry = z.infer<typeof UsageEntry>;

/** What a turn has used so far. It is part of the sums at once, and takes its place in the entries when the turn is over. */
export const TurnEntry = UsageEntry.extend({ attempt: z.int(), turn: z.int() });
export type TurnEntry = z.infer<typeof TurnEntry>;

/** How many entries a task has. Beyond that, the two oldest of an agent and model become one. */
const ENTRIES_MAX = 60;

/** What an agent tells of a turn, in the terms of all agents. Each agent may tell more. */
export const TurnUsage = z.looseObject({
  model: z.string().optional().describe("The model that the turn was told to use, as far as known."),
  input_tokens: tokens.optional(),
  output_tokens: tokens.optional(),
  cached_tokens: tokens.optional(),
  cost: Cost.optional().describe("What the agent says that the turn has cost."),
  cost_usd: z.number().min(0).optional().describe("Absent if the cost is unknown."),
  cost_source: CostSource.optional(),
  duration_ms: z.number().min(0).optional(),
});
export type TurnUsage = z.infer<typeof TurnUsage>;

export const NO_USAGE: Readonly<UsageSums> = {
  turns: 0,
  input_tokens: 0,
  output_tokens: 0,
  cached_tokens: 0,
  cost_usd: 0,
  cost_source: "unknown",
  duration_ms: 0,
};

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
    input_tokens: count(input_tokens) + count(cached_write_tokens),
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
  return told.total_tokens === beside ? output + thoughts : output;
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

export function added(a: UsageSums, b: UsageSums): UsageSums {
  return {
    turns: a.turns + b.turns,
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    cached_tokens: a.cached_tokens + b.cached_tokens,
    cost_usd: rounded(a.cost_usd + b.cost_usd),
    cost_source: sourceOfBoth(a, b),
    duration_ms: a.duration_ms + b.duration_ms,
  };
}

function sourceOfBoth(a: UsageSums, b: UsageSums): CostSource {
  if (a.turns === 0) return b.cost_source;
  return b.turns === 0 || a.cost_source === b.cost_source ? a.cost_source : "mixed";
}

export function totalOf(entries: Iterable<UsageSums>): UsageSums {
  let total: UsageSums = NO_USAGE;
  for (const entry of entries) total = added(total, entry);
  return total;
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
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

/** Without the noise of binary fractions. */
function rounded(usd: number): number {
  return Number(usd.toFixed(9));
}
