import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";
import { NOTHING } from "./touches.ts";

export const listAgents = capability({
  type: "list_agents",
  doc:
    "The agents that tasks may name, as the configuration has them, and the makes of agents that the server knows. " +
    "It does not check whether they are installed.",
  permission: "read",
  errors: [],
  example: { type: "list_agents" },
  touches: () => NOTHING,
  handle: (_request, { agents, makes, clock }) => ({
    agents: [...agents],
    makes: [...makes],
    timestamp: isoTime(clock.now()),
  }),
});
