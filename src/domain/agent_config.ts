/** A named way to run a task: how the configuration describes an agent. */
import { z } from "zod";
import { text } from "./scalars.ts";

const names = z.array(text(1, 4096));

export const AgentConfig = z.strictObject({
  protocol: z.enum(["acp", "command"]).describe(
    "How the server speaks to it: Agent Client Protocol on stdio, or any program.",
  ),
  command: z.array(text(0, 4096)).min(1).max(100)
    .describe(
      "Program and arguments; no shell. May hold {id}, {type}, {description}, {prompt}, {files_pattern}.",
    ),
  env: z.record(z.string(), z.string()).default({}).describe("Variables set for the agent."),
  pass_env: names.default([]).describe("Variables of the server's own environment that the agent gets."),
  unresponsive_limit_ms: z.int().min(0).optional()
    .describe("Instead of tasks.unresponsive_limit_ms, for a program that is silent while it works well."),
  profile: z.string().optional()
    .describe("Which agent's habits to expect; found from the command when absent."),
});
export type AgentConfig = z.infer<typeof AgentConfig>;
