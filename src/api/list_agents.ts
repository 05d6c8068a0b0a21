import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const listAgents = capability({
  type: "list_agents",
  doc:
    "The agents that tasks may name, as the configuration has them; whether they are installed is not looked at.",
  permission: "read",
  errors: [],
  example: { type: "list_agents" },
  handle: (_request, { agents, clock }) => ({ agents: [...agents], timestamp: isoTime(clock.now()) }),
});
