import type { ChannelDefinition } from "./channel.ts";

/** The coding agents of this machine, whoever started them. */
export const claudeProcesses: ChannelDefinition = {
  name: "claude_processes",
  permission: "read",
  pushes: ["claude_processes_update"],
  reports: ({ machine, intervals }) => ({
    interval_ms: intervals.processes_interval_ms,
    async produce() {
      const found = await machine.agents();
      return { type: "claude_processes_update", process_count: found.processes.length, ...found };
    },
  }),
};
