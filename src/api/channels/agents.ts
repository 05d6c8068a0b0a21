import type { Pushes } from "../../protocol/pushes.ts";
import type { ChannelDefinition } from "./channel.ts";
import { measured } from "./measured_agents.ts";

/** The agents at work. Changes are pushed at once; the resources that their processes use, at intervals. */
export const agents: ChannelDefinition = {
  name: "agents",
  permission: "read",
  pushes: ["agent_update"],
  onEvent: (event, timestamp) =>
    event.kind === "agent.changed"
      ? [{ message: { type: "agent_update", agent: event.agent, timestamp }, coalesce: event.agent.id }]
      : [],
  reports: ({ queries, machine, intervals }) => ({
    interval_ms: intervals.resources_interval_ms,
    async produce() {
      const agents = queries.agents();
      if (agents.length === 0) return [];
      const { processes, timestamp } = await machine.agents();
      return measured(agents, processes).map((agent) => ({ type: "agent_update", agent, timestamp }));
    },
    key: (message) => (message as Pushes["agent_update"]).agent.id,
  }),
};
