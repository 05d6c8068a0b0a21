/** The producers of the channels that tell how things stand. */
import { measured } from "./measured_agents.ts";
import { type Clock, isoTime } from "../../clock/clock.ts";
import type { TaskQueries } from "../../engine/task_queries.ts";
import type { Config } from "../../protocol/config.ts";
import type { LimitUsage } from "../../protocol/limits.ts";
import type { ClaudeProcess, Process } from "../../protocol/process.ts";
import type { ProcessList } from "../../protocol/monitor_messages.ts";
import type { Pushes } from "../../protocol/pushes.ts";
import type { SystemResources } from "../../protocol/resources.ts";
import type { Producer } from "./producers.ts";

const CONNECTION_INTERVAL_MS = 15_000;
const LIMITS_INTERVAL_MS = 5_000;
/** The most processes one scan tells. */
const PROCESSES_MAX = 1000;

export interface StandingOptions {
  clock: Clock;
  queries: TaskQueries;
  machine: {
    resources(): Promise<SystemResources>;
    processes(query: { limit: number; offset: number }): Promise<ProcessList & { scan_duration_ms: number }>;
    agents(): Promise<{
      processes: ClaudeProcess[];
      opencode_processes: number;
      claude_desktop_processes: number;
      timestamp: string;
    }>;
  };
  intervals: Config["monitor"];
  clients(): number;
  /** How much of the server's own limits is used. */
  limits(): Record<string, LimitUsage>;
}

export function standingProducers(
  { clock, queries, machine, intervals, clients, limits }: StandingOptions,
): Producer[] {
  const started_ms = clock.monotonic();
  return [
    {
      channel: "system_resources",
      interval_ms: intervals.resources_interval_ms,
      produce: async () => ({ type: "resource_update", resources: await machine.resources() }),
    },
    {
      channel: "processes",
      interval_ms: intervals.processes_interval_ms,
      produce: async () => {
        const { processes, system_load, scan_duration_ms, timestamp } = await machine.processes({
          limit: PROCESSES_MAX,
          offset: 0,
        });
        return { type: "detailed_process_scan", processes, system_load, scan_duration_ms, timestamp };
      },
      narrow: (message, types) => {
        const { processes, ...rest } = message as typeof message & { processes: Process[] };
        return { ...rest, processes: processes.filter(({ type }) => types.includes(type)) } as typeof message;
      },
    },
    {
      channel: "claude_processes",
      interval_ms: intervals.processes_interval_ms,
      produce: async () => {
        const found = await machine.agents();
        return { type: "claude_processes_update", process_count: found.processes.length, ...found };
      },
    },
    {
      // What happens to agents is told at once; this is what they take meanwhile.
      channel: "agents",
      interval_ms: intervals.resources_interval_ms,
      produce: async () => {
        const agents = queries.agents();
        if (agents.length === 0) return [];
        const { processes, timestamp } = await machine.agents();
        return measured(agents, processes).map((agent) => ({ type: "agent_update", agent, timestamp }));
      },
      key: (message) => (message as Pushes["agent_update"]).agent.id,
    },
    {
      channel: "task_manager",
      interval_ms: intervals.task_summary_interval_ms,
      produce: () => ({
        type: "task_manager_status",
        summary: queries.summary(),
        timestamp: isoTime(clock.now()),
      }),
    },
    {
      channel: "connection",
      interval_ms: CONNECTION_INTERVAL_MS,
      produce: () => ({
        type: "connection_status",
        status: "healthy",
        client_count: clients(),
        uptime_seconds: Math.floor((clock.monotonic() - started_ms) / 1000),
        message_queue_size: 0,
        timestamp: isoTime(clock.now()),
      }),
    },
    {
      // Each connection puts its own in their place.
      channel: "rate_limits",
      interval_ms: LIMITS_INTERVAL_MS,
      produce: () => ({ type: "rate_limit_info", limits: limits(), timestamp: isoTime(clock.now()) }),
    },
  ];
}
