import type { AgentProfile } from "./agent_profile.ts";
import { genericProfile } from "./generic.ts";

/** Claude Code through `claude-agent-acp`. */
export const claudeProfile: AgentProfile = {
  ...genericProfile,
  name: "claude",
  install: "Install Claude Code's adapter with `npm install -g @agentclientprotocol/claude-agent-acp`, " +
    "then log in with `claude` or set ANTHROPIC_API_KEY.",
  environment: () => ({
    // The todo tool is what becomes a plan; its successor, task tools, does not.
    CLAUDE_CODE_ENABLE_TODO_TOOLS: "1",
    CLAUDE_CODE_ENABLE_TASKS: "0",
    ENABLE_TOOL_SEARCH: "false",
    DISABLE_AUTOUPDATER: "1",
  }),
  // It starts in `auto`, in which it answers its own permission requests.
  modes: ["default"],
  chatter: /^\[(session\/|idle-compaction\]|authStatus\])/,
};
