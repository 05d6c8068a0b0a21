/** Sums of what turns have used. Pure, and without the schemas, so that pages load little. */
import type { CostSource, UsageSums } from "./usage.ts";

export const NO_USAGE: Readonly<UsageSums> = {
  turns: 0,
  input_tokens: 0,
  output_tokens: 0,
  cached_tokens: 0,
  cost_usd: 0,
  cost_source: "unknown",
  duration_ms: 0,
};

export function added(a: UsageSums, b: UsageSums): UsageSums {
  return {
    turns: a.turns + b.turns,
    input_tokens: counted(a.input_tokens + b.input_tokens),
    output_tokens: counted(a.output_tokens + b.output_tokens),
    cached_tokens: counted(a.cached_tokens + b.cached_tokens),
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

/** What counts against a task's bounds: its own, and what the tasks that its agent has started have used. */
export function boundedUsage(
  own: UsageSums | undefined,
  below: UsageSums | undefined,
): UsageSums | undefined {
  return own && below ? added(own, below) : own ?? below;
}

/** Nobody uses as much: agents may tell any number, and JSON has no infinity that a sum of them might come to. */
const MOST = 1e15;

/** A count as it is kept: never below 0, never beyond what can be summed and stored. */
export function counted(count: number): number {
  return Math.min(MOST, Math.max(0, count));
}

/** Without the noise of binary fractions, and as `counted`. */
export function rounded(usd: number): number {
  return Number(counted(usd).toFixed(9));
}
