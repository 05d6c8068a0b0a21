/** A named way to run a task: how the configuration describes an agent. */
import * as z from "zod";
import { McpServers } from "./mcp_server.ts";
import { Sandbox } from "./sandbox.ts";
import { text } from "./scalars.ts";

const names = z.array(text(1, 4096));

export const AgentConfig = z.strictObject({
  protocol: z.enum(["acp", "command"]).describe(
    "How the server talks to the agent. acp: Agent Client Protocol on stdio. command: any program.",
  ),
  command: z.array(text(0, 4096)).min(1).max(100)
    .describe(
      "Program and arguments; no shell. A program with a slash is a path: see Paths. May contain {id}, {type}, " +
        "{description}, {prompt}, {files_pattern}, {model}, {effort}, {mode}; an argument with one of the last three is " +
        "left out if the task does not choose it.",
    ),
  model: text(1, 200).optional().describe("The model for tasks that name none."),
  effort: text(1, 200).optional().describe(
    "The effort, which is how much the model thinks, for tasks that name none.",
  ),
  mode: text(1, 200).optional().describe("The session mode for tasks that name none."),
  delegate: z.boolean().optional().describe(
    "Whether it gets the server's own tools, to delegate work to other agents, unless the task says otherwise.",
  ),
  mcp_servers: McpServers.optional().describe(
    "Servers of the Model Context Protocol that the agent gets in each session: { name, command, args?, env? } or " +
      "{ name, url, type?, headers? }. A program with a slash is a path: see Paths.",
  ),
  env: z.record(z.string(), z.string()).default({}).describe("Variables set for the agent."),
  pass_env: names.default([]).describe(
    "Variables of the server's own environment that the agent gets, besides those that every agent gets and the " +
      "usual ones of its make, such as its key.",
  ),
  allow_env: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*\*?$/)).max(100).optional().describe(
    "Variables that tasks may set although they can make a program run another, such as PATH or GIT_*.",
  ),
  unresponsive_limit_ms: z.int().min(0).optional()
    .describe("Overrides tasks.unresponsive_limit_ms for a program that is silent while it works."),
  fallback: z.array(text(1, 100)).max(10).optional().describe(
    "Other agents to which its tasks go, the first first, while its model's provider refuses it for a time. A task begins " +
      "a new session there, which is told what was done. See tasks.provider_limit.",
  ),
  sandbox: Sandbox.optional().describe(
    'What it sees and changes of the machine: { kind: "none" | "bwrap", network?, write?, read?, home? }. See docs/sandbox.md.',
  ),
  profile: z.string().optional()
    .describe("The make of the agent, whose habits the server expects. By default the command decides."),
});
export type AgentConfig = z.infer<typeof AgentConfig>;
