import type { AgentProfile } from "./agent_profile.ts";
import { genericProfile } from "./generic.ts";

/** `opencode acp`. Its progress is in the todo lists of its tool calls; it sends no plan. */
export const opencodeProfile: AgentProfile = {
  ...genericProfile,
  name: "opencode",
  install: "Install OpenCode with `npm install -g opencode-ai`, then `opencode auth login`.",
  // An agent that replaces its own program in the middle of a task helps nobody.
  environment: () => ({ OPENCODE_DISABLE_AUTOUPDATE: "1" }),
  modes: ["build"],
  usage_of_last_call: true,
};
