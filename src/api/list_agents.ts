import { isoTime } from "../clock/clock.ts";
import type { ListedAgent } from "../protocol/basic_messages.ts";
import { capability } from "./capability.ts";
import { NOTHING } from "./touches.ts";

export const listAgents = capability({
  type: "list_agents",
  doc:
    "The agents that tasks may name, and the makes of agents that the server knows. For each agent: whether its program " +
    "is there, and what it offered at its last start or probe. It starts no agent; `probe_agent` does.",
  permission: "read",
  errors: [],
  example: { type: "list_agents" },
  touches: () => NOTHING,
  handle: async (_request, { agents, makes, clock, scopeOf }, { identity }) => {
    const listed = await agents.list();
    return {
      agents: scopeOf(identity)?.boundTo === undefined ? listed : listed.map(withoutHistory),
      makes: [...makes],
      timestamp: isoTime(clock.now()),
    };
  },
});

/** When others have used it is not told. */
function withoutHistory(agent: ListedAgent): ListedAgent {
  return { ...agent, last_success: undefined, last_failure: undefined };
}
