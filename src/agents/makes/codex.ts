import type { AgentProfile, TurnSign, WireObject } from "./agent_profile.ts";
import { genericProfile } from "./generic.ts";
import { objectOf } from "../acp/wire_value.ts";

/** Codex through `codex-acp`. A model that fails ends its turn as if all were well: see `turnSign`. */
export const codexProfile: AgentProfile = {
  ...genericProfile,
  name: "codex",
  install: "Install Codex's adapter with `npm install -g @agentclientprotocol/codex-acp`, " +
    "then log in with `codex login` or set CODEX_API_KEY.",
  environment: () => ({
    CODEX_CONFIG: JSON.stringify({
      tools: { update_plan: { enabled: true } },
      features: { plugins: false, apps: false },
    }),
    // Used only where Codex has no account of its own.
    DEFAULT_AUTH_REQUEST: JSON.stringify({ methodId: "api-key" }),
    NO_BROWSER: "1",
  }),
  // Its default mode reviews its own requests; in this one a person is asked.
  modes: ["workspace-write"],
  turnSign(update: WireObject): TurnSign | undefined {
    if (update.sessionUpdate !== "session_info_update") return undefined;
    const status = objectOf(objectOf(objectOf(update._meta)?.codex)?.threadStatus);
    if (status?.type === "systemError") return "failed";
    return status?.type === "active" ? "going_on" : undefined;
  },
};
