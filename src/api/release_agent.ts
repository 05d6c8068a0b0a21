import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const releaseAgent = capability({
  type: "release_agent",
  doc:
    "Ends the hold of an agent whose model's provider has refused it for a time, and of each of its models, for example " +
    "after the plan was raised. One of its queued tasks goes first; the others follow at its first output. If the provider " +
    "refuses again, the agent is held again. An agent that is not held is answered all the same.",
  permission: "write",
  errors: ["INVALID_FIELD_VALUE"],
  example: { type: "release_agent", agent: "opencode" },
  handle: async ({ agent }, { agents, clock }, { actor }) => ({
    agent,
    was_held: await agents.release(agent, actor),
    timestamp: isoTime(clock.now()),
  }),
});
