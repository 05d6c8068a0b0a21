/** What turns have used: tokens, cost and time, in the same terms for all agents. */
import * as z from "zod";
import { Cost } from "./cost.ts";

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
