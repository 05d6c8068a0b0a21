import { isoTime } from "../clock/clock.ts";
import { capability } from "./capability.ts";

export const listAgentSessions = capability({
  type: "list_agent_sessions",
  doc:
    "The sessions that an agent keeps, its user's own and those of tasks, in folders that tasks may use: at most 500, as the " +
    "agent lists them. `execution.session` has a task go on with one. The agent is started for it and uses no model; the " +
    "answer comes within 120 s, and with a `request_id`, later requests may be answered before it. An agent without a list " +
    "is `INVALID_FIELD_VALUE`.",
  permission: "read",
  errors: ["INVALID_FIELD_VALUE", "FILE_NOT_FOUND", "FILE_PERMISSION_DENIED", "SERVICE_UNAVAILABLE"],
  example: { type: "list_agent_sessions", agent: "opencode" },
  isSlow: true,
  handle: async ({ agent, working_dir }, { agents, clock }) => ({
    agent,
    sessions: await agents.sessions(agent, working_dir),
    timestamp: isoTime(clock.now()),
  }),
});
