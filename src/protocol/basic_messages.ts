/** Section 1 of the API document: ping, the status of everything, and the configured agents. */
import * as z from "zod";
import { type Config } from "./config.ts";
import { AgentSession } from "../domain/agent_session.ts";
import { AgentOffer } from "../domain/agent_offer.ts";
import { text } from "../domain/scalars.ts";
import { AgentConfig } from "../domain/agent_config.ts";
import { alwaysSent } from "../domain/published.ts";
import { exchange } from "./exchange.ts";
import { ClaudeProcess } from "./process.ts";
import { SystemResources } from "./resources.ts";
import { RuntimeStatus } from "../domain/attempt/runtime_status.ts";
import { enforced, Sandbox } from "../domain/sandbox.ts";
import { Task, TaskType } from "../domain/task.ts";

/** An agent at work: one running attempt of a task. */
export const Agent = z.object({
  id: z.string(),
  status: RuntimeStatus,
  /** The agent's name in the configuration. */
  type: z.string(),
  task: z.string(),
  task_id: alwaysSent(z.string()),
  progress: z.int(),
  start_time: alwaysSent(z.string()),
  pid: z.int().optional(),
  memory_usage: z.number().optional(),
  cpu_percent: z.number().optional(),
  working_dir: z.string().optional(),
  is_claude_desktop: alwaysSent(z.boolean()),
  process_type: alwaysSent(z.string()),
  timestamp: z.string().optional(),
});
export type Agent = z.infer<typeof Agent>;

/** One of the named ways to run a task. */
export const ConfiguredAgent = z.object({
  name: z.string(),
  protocol: AgentConfig.shape.protocol,
  /** The program without its arguments, which may contain secrets. */
  program: z.string(),
  is_default: z.boolean(),
  task_types: z.array(TaskType).describe("The task types that go to it if a task names no agent."),
  sandbox: Sandbox.optional().describe(
    "What it may see and change, as configured. Absent: nothing holds it back.",
  ),
});
export type ConfiguredAgent = z.infer<typeof ConfiguredAgent>;

/** What is known of a configured agent. */
export const ListedAgent = ConfiguredAgent.extend({
  make: z.string().optional().describe(
    "The name of its make: see `makes`. Absent for agents of no known make.",
  ),
  installed: alwaysSent(z.boolean()).describe("Whether its program is on this machine."),
  ...AgentOffer.shape,
  found_at: AgentOffer.shape.found_at.optional(),
  login: alwaysSent(AgentOffer.shape.login),
  accepts: alwaysSent(AgentOffer.shape.accepts),
  last_success: z.string().optional().describe("ISO 8601: when it last completed an attempt of a task."),
  last_failure: z.string().optional().describe("ISO 8601: when an attempt of it last failed."),
  held_until: z.string().optional().describe(
    "ISO 8601. Its model's provider refuses it for a time: its queued tasks wait until then.",
  ),
  held_reason: z.string().optional().describe("Why, in the provider's words."),
  held_models: z.array(z.object({ model: z.string(), until: z.string(), reason: z.string() })).optional()
    .describe("The models that alone are refused, each until its own time."),
  todo: z.string().optional().describe("What to do before it can work: how to install it, or to log in."),
  sandbox_problem: z.string().optional().describe(
    "Why its sandbox cannot be made now: its tasks are refused.",
  ),
  problem: z.string().optional().describe("Only in `agent_probed`: why it could not open a session."),
});
export type ListedAgent = z.infer<typeof ListedAgent>;

/** A make of agent: its name and icon, shown with its processes and tasks. */
export const AgentMakeView = z.object({
  name: z.string().describe("The same name as `agent` of a process and `profile` of a configured agent."),
  display_name: z.string(),
  icon: z.string().describe("SVG path data for a 24 by 24 box, drawn as a line."),
});
export type AgentMakeView = z.infer<typeof AgentMakeView>;

/** Everything at a glance. The machine's parts are absent if processes or resources are out of reach. */
const Status = z.object({
  agents: z.array(Agent),
  tasks: z.array(Task),
  total_tasks: z.number().int().optional().describe(
    "The number of all tasks, of which `tasks` has the newest.",
  ),
  system_resources: SystemResources.optional(),
  claude_processes: z.array(ClaudeProcess).optional(),
});
export type Status = z.infer<typeof Status>;

export const basicMessages = {
  list_agents: exchange("list_agents", {}, "agent_list", {
    agents: z.array(ListedAgent),
    makes: z.array(AgentMakeView),
    timestamp: z.string(),
  }),
  probe_agent: exchange("probe_agent", { agent: text(1, 100) }, "agent_probed", {
    ...ListedAgent.shape,
    agent: ListedAgent.describe("All of it once more, as `list_agents` has it."),
    timestamp: z.string(),
  }),
  release_agent: exchange("release_agent", { agent: text(1, 100) }, "agent_released", {
    agent: z.string(),
    was_held: z.boolean().describe("Whether it was held."),
    timestamp: z.string(),
  }),
  list_agent_sessions: exchange(
    "list_agent_sessions",
    {
      agent: text(1, 100),
      working_dir: text(1, 4096).optional().describe("Only the sessions of this folder."),
    },
    "agent_session_list",
    { agent: z.string(), sessions: z.array(AgentSession), timestamp: z.string() },
  ),
  ping: exchange("ping", { timestamp: z.number().optional() }, "pong", {
    timestamp: z.number().describe("The request's, or else the server's, in milliseconds since the epoch."),
    server_time: z.string(),
  }),
  request_status: exchange("request_status", {}, "full_status", {
    data: Status,
    // The first dashboards of this API read it here.
    ...Status.partial().shape,
  }),
};

/** The agents of a configuration, in the configuration's order. */
export function configuredAgents({ agents, tasks }: Config): ConfiguredAgent[] {
  return Object.entries(agents).map(([name, { protocol, command, sandbox }]) => ({
    name,
    protocol,
    program: command[0]!,
    is_default: name === tasks.default_agent,
    task_types: TaskType.options.filter((type) => tasks.agent_by_type[type] === name),
    sandbox: enforced(sandbox),
  }));
}
