import { getLogger } from "@logtape/logtape";
import type { Agent } from "../protocol/basic_messages.ts";
import type { ClaudeProcess } from "../protocol/process.ts";
import { type ApiContext, capability } from "./capability.ts";

const log = getLogger(["opencode-agents", "api"]);

/** More tasks than this are not sent at once; `list_tasks` pages through all. */
const TASKS_SHOWN = 1000;

export const requestStatus = capability({
  type: "request_status",
  doc:
    "Everything at a glance: the agents at work, the newest 1,000 tasks, the machine. Where processes cannot be " +
    "listed, that part is absent.",
  permission: "read",
  errors: [],
  example: { type: "request_status" },
  handle: async (_request, context) => {
    const sort = { field: "created_at", order: "desc" } as const;
    const { machine, engine } = context;
    const [system_resources, claude_processes] = await Promise.all([
      orAbsent(machine.resources()),
      orAbsent(machine.agents().then(({ processes }) => processes)),
    ]);
    return {
      data: {
        agents: measured(engine.agents(), claude_processes ?? []),
        tasks: engine.list({ sort, limit: TASKS_SHOWN, offset: 0 }).tasks,
        system_resources,
        claude_processes,
      },
    };
  },
});

/** Agents with what their processes take. */
function measured(agents: ReturnType<ApiContext["engine"]["agents"]>, processes: ClaudeProcess[]): Agent[] {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  return agents.map((agent) => {
    const process = agent.pid === undefined ? undefined : byPid.get(agent.pid);
    if (!process) return agent;
    const { memory_usage, cpu_percent, type, is_claude_desktop } = process;
    return { ...agent, memory_usage, cpu_percent, process_type: type, is_claude_desktop };
  });
}

async function orAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    log.debug("A part of the status is not to be had: {error}", { error });
    return undefined;
  }
}
