/** What a run has used, in one shape for all agents. Pure. */
import { numberOf, objectOf } from "./wire_value.ts";

/** Agent's field → ours; Gemini's are already ours. */
const TOKENS: [string, string][] = [
  ["inputTokens", "input_tokens"],
  ["outputTokens", "output_tokens"],
  ["totalTokens", "total_tokens"],
  ["cachedReadTokens", "cached_read_tokens"],
  ["cachedWriteTokens", "cached_write_tokens"],
  ["thoughtTokens", "thought_tokens"],
  ["input_tokens", "input_tokens"],
  ["output_tokens", "output_tokens"],
];

/** Tokens of a prompt's result: its `usage`, or `_meta.quota.token_count` (Gemini). */
export function tokensOf(result: Record<string, unknown>): Record<string, number> | undefined {
  const counts = objectOf(result.usage) ?? objectOf(objectOf(objectOf(result._meta)?.quota)?.token_count);
  if (counts === undefined) return undefined;
  const tokens: Record<string, number> = {};
  for (const [theirs, ours] of TOKENS) {
    const count = numberOf(counts[theirs]);
    if (count !== undefined) tokens[ours] = count;
  }
  return Object.keys(tokens).length === 0 ? undefined : tokens;
}

/** Context size and cost of a `usage_update`: `{context: {used, size}, cost: {amount, currency}}`. */
export function usageUpdateOf(update: Record<string, unknown>): Record<string, unknown> {
  const used = numberOf(update.used);
  const size = numberOf(update.size);
  const cost = objectOf(update.cost);
  const amount = numberOf(cost?.amount);
  return {
    ...(used === undefined || size === undefined ? {} : { context: { used, size } }),
    ...(amount === undefined ? {} : { cost: { amount, currency: String(cost?.currency ?? "USD") } }),
  };
}
