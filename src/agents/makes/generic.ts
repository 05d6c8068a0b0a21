import type { AgentProfile } from "./agent_profile.ts";

/** Any agent that speaks ACP and of whose habits nothing is known. */
export const genericProfile: AgentProfile = {
  name: "generic",
  install: "Install the agent's program and put it on PATH, or name its full path in agents.NAME.command.",
  environment: () => ({}),
  arguments: () => [],
  modes: [],
  resumes: true,
  usage_of_last_call: false,
  turnSign: () => undefined,
  chatter: undefined,
};
