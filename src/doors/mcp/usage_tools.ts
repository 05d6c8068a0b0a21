/** The tool that tells what turns have used. */
import * as z from "zod";
import { usageMessages } from "../../protocol/usage_messages.ts";
import { tool } from "./tool.ts";

const { group_by, start, end } = usageMessages.request_usage.request.shape;
const { rows, totals, timezone, today } = usageMessages.request_usage.reply.shape;

export const getUsage = tool({
  name: "get_usage",
  title: "Read tokens and cost",
  description:
    "What turns have used: tokens, cost in USD and time, summed by agent, model, project, owner, type or day. " +
    "`cost_source` says how far the cost is known.",
  input: { group_by: group_by.unwrap().optional(), start, end },
  output: { rows, totals: z.looseObject(totals.shape), timezone, today },
  hints: { readOnlyHint: true },
  async run({ group_by, start, end }, { backend, signal }) {
    const reply = await backend.request("request_usage", { group_by, start, end }, { signal });
    return { rows: reply.rows, totals: reply.totals, timezone: reply.timezone, today: reply.today };
  },
});
