import { acpMake } from "./acp_make.ts";
import type { AgentMake } from "./agent_make.ts";

/** `opencode-agents demo-agent`, the scripted agent of the demo. Its script says where it asks. */
export const demo: AgentMake = {
  ...acpMake,
  name: "demo",
  display_name: "Demo agent",
  icon: "M5 4l14 8-14 8z",
  install: {
    command: undefined,
    advice: "The demo agent is part of this program: it runs by `opencode-agents demo-agent`.",
  },
  login: { ...acpMake.login, advice: "The demo agent needs no account.", isOptional: true },
  programs: ["demo-agent"],
  standard: undefined,
  recognize: () => undefined,
  // Its script ends with its turn.
  may_go_on: false,
  // It asks before each edit, so that none is made.
  bind: ({ permissions }) => permissions === "deny" ? { prepare: () => ({ args: ["--ask"] }) } : {},
};
