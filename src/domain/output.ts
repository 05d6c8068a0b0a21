/** What is stored of an attempt besides the task's record: its answer, and how its process ended. */
import * as z from "zod";
import { CheckResult } from "./check.ts";
import { TurnUsage } from "./usage.ts";

/** A process that a turn has left at work. */
export const LeftProcess = z.object({
  pid: z.int(),
  command: z.string().describe("The program and its arguments, at most 300 characters."),
  age_ms: z.int().describe("How long it had been running."),
});
export type LeftProcess = z.infer<typeof LeftProcess>;

export const AttemptOutput = z.object({
  output: z.string(),
  exit_code: z.int().optional(),
  stop_reason: z.string().optional(),
  usage: TurnUsage.optional().describe("What the turn has used, as far as its agent tells."),
  warnings: z.array(z.string()).optional().describe(
    "What a person should know although the attempt was completed: what was denied, questions that nobody answered " +
      "in time, steps of the plan that are not done.",
  ),
  checks: z.array(CheckResult).optional().describe(
    "How the checks of the work ended. Absent if none ran after the turn.",
  ),
  left_running: z.array(LeftProcess).optional().describe(
    "What the turn had left at work when it ended, other than the agent's own helpers. It was ended with the agent.",
  ),
});
export type AttemptOutput = z.infer<typeof AttemptOutput>;
