/** Which profile an agent of the configuration has. */
import type { AgentConfig } from "../../domain/agent_config.ts";
import type { AgentProfile } from "./agent_profile.ts";
import { claudeProfile } from "./claude.ts";
import { codexProfile } from "./codex.ts";
import { geminiProfile } from "./gemini.ts";
import { genericProfile } from "./generic.ts";
import { opencodeProfile } from "./opencode.ts";

const PROFILES: Record<AgentProfile["name"], AgentProfile> = {
  opencode: opencodeProfile,
  claude: claudeProfile,
  codex: codexProfile,
  gemini: geminiProfile,
  generic: genericProfile,
};

/** Base name of the program, or of a script run by node, deno or bun → profile. */
const PROGRAMS: [RegExp, AgentProfile["name"]][] = [
  [/^opencode$/, "opencode"],
  [/^claude-agent-acp$/, "claude"],
  [/^codex-acp$/, "codex"],
  [/^gemini$/, "gemini"],
];

/** The profile the configuration names, else the one its command shows, else `generic`. */
export function profileFor(agent: AgentConfig): AgentProfile {
  if (agent.profile !== undefined) return PROFILES[agent.profile];
  const base = (path: string) => (path.split(/[\\/]/).at(-1) ?? "").replace(/\.(exe|cmd|js|mjs|ts)$/i, "");
  const [program = "", ...rest] = agent.command;
  const candidates = [base(program)];
  if (/^(node|bun|npx|deno)$/.test(base(program))) candidates.push(...rest.slice(0, 3).map(base));
  for (const candidate of candidates) {
    for (const [pattern, name] of PROGRAMS) if (pattern.test(candidate)) return PROFILES[name];
  }
  return genericProfile;
}
