/** Adds to agents the resources that their processes use. Pure. */
import type { Agent } from "../../protocol/basic_messages.ts";
import type { ClaudeProcess } from "../../protocol/process.ts";

/**
 * An agent whose process is not among `processes` stays as it is. In a sandbox its process is another than the one that was
 * started: the first of its task.
 */
export function measured(agents: readonly Agent[], processes: readonly ClaudeProcess[]): Agent[] {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  return agents.map((agent) => {
    const process = agent.pid === undefined
      ? undefined
      : byPid.get(agent.pid) ?? processes.find(({ task_id }) => task_id === agent.task_id);
    if (!process) return agent;
    const { memory_usage, cpu_percent, type, is_claude_desktop } = process;
    return { ...agent, memory_usage, cpu_percent, process_type: type, is_claude_desktop };
  });
}
