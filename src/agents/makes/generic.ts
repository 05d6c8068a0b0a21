import { acpMake } from "./acp_make.ts";
import type { AgentMake } from "./agent_make.ts";
import { quotaTokensOf } from "./gemini.ts";
import { changesOf, todoListOf } from "./opencode.ts";

/**
 * Any agent whose habits are unknown. It may be a known one behind a wrapper, so all places where other makes report
 * their plan, changes and tokens are read.
 */
export const generic: AgentMake = {
  ...acpMake,
  name: "generic",
  display_name: "Agent",
  icon: "M4 5h16v14H4z M8 10l3 2.5L8 15 M13 15h3",
  install: {
    command: undefined,
    advice: "Install the agent's program and put it on PATH, or name its full path in agents.NAME.command.",
  },
  programs: [],
  standard: undefined,
  recognize: () => undefined,
  planOf: (update) => acpMake.planOf(update) ?? todoListOf(update),
  changesOf,
  tokensOf: (result) => acpMake.tokensOf(result) ?? quotaTokensOf(result),
};
