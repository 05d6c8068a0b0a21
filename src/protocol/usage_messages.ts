/** The messages about tokens, cost and time. */
import * as z from "zod";
import { epochOf } from "../clock/clock.ts";
import { distinct } from "../domain/scalars.ts";
import { UsageRow } from "../domain/usage_rollup.ts";
import { exchange } from "./exchange.ts";

export const UsageGroup = z.enum(["agent", "model", "project", "owner", "type", "day"]);
export type UsageGroup = z.infer<typeof UsageGroup>;

const DAY = /^\d{4}-(0[1-9]|1[0-2])-\d{2}$/;

export function isDay(text: string): boolean {
  return DAY.test(text) && !Number.isNaN(epochOf(`${text}T00:00:00Z`));
}

const UsageTime = z.string().refine((text) => isDay(text) || !Number.isNaN(epochOf(text)), {
  error: "a day such as 2026-11-30, or an ISO 8601 timestamp with date, time and zone",
  params: { code: "INVALID_FIELD_FORMAT" },
});

const { tasks: _tasks, agent: _agent, type: _type, ...shared } = UsageRow.shape;

const UsageTotals = z.object({
  tasks: UsageRow.shape.tasks.describe(
    "How many tasks. One that is gone counts once a day, agent and model.",
  ),
  turns: shared.turns,
  input_tokens: shared.input_tokens,
  output_tokens: shared.output_tokens,
  cached_tokens: shared.cached_tokens,
  cost_usd: shared.cost_usd,
  cost_source: shared.cost_source,
  duration_ms: shared.duration_ms,
});

/** A key that is not asked for, or that has no value, is absent. */
const UsageReportRow = z.object({
  day: z.string().optional(),
  agent: z.string().optional(),
  model: z.string().optional(),
  project: z.string().optional(),
  owner: z.string().optional(),
  type: z.string().optional(),
  ...UsageTotals.shape,
});
export type UsageReportRow = z.infer<typeof UsageReportRow>;

export const usageMessages = {
  request_usage: exchange(
    "request_usage",
    {
      group_by: distinct(UsageGroup, 0, UsageGroup.options.length).default([]).describe(
        "What the rows are for. Without any, there is one row.",
      ),
      start: UsageTime.optional().describe("The first day, or a time in it. Default: as far as is known."),
      end: UsageTime.optional().describe("The last day, or a time until which it counts. Days count whole."),
    },
    "usage_report",
    {
      rows: z.array(UsageReportRow),
      totals: UsageTotals,
      timezone: z.string().describe("The zone whose days count."),
      today: z.string().describe("Which day it is there."),
      timestamp: z.string(),
    },
  ),
};
