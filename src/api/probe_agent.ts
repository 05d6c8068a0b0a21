import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const probeAgent = capability({
  type: "probe_agent",
  doc:
    "Starts an agent, opens and closes a session, and ends the agent, to find out what it offers and whether it has an " +
    "account. It uses no model. The answer comes within 120 s; with a `request_id`, later requests may be answered before " +
    "it. An agent that cannot be started is no error: `todo` and `problem` say what is wrong.",
  permission: "write",
  errors: ["INVALID_FIELD_VALUE", "SERVICE_UNAVAILABLE"],
  example: { type: "probe_agent", agent: "opencode" },
  isSlow: true,
  handle: ({ agent }, { agents, clock }) =>
    agents.probe(agent).then((probed) => ({ ...probed, agent: probed, timestamp: isoTime(clock.now()) })),
});
