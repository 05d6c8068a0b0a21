import { keptIn } from "./kept_places.ts";
import { acpMake } from "./acp_make.ts";
import type { AgentMake } from "./agent_make.ts";
import { bears, type OwnSigns } from "./own_process.ts";

const SIGNS: OwnSigns = { names: ["cline"], scripts: /\/cline\/bin\/cline$/ };

/** The first arguments of commands that do not run an agent. */
const HOUSEKEEPING = new Set([
  "auth",
  "config",
  "dashboard",
  "doctor",
  "history",
  "h",
  "mcp",
  "plugin",
  "skill",
  "update",
  "version",
]);

/** `cline --acp`. It sends no plan and takes no MCP servers. */
export const cline: AgentMake = {
  ...acpMake,
  name: "cline",
  display_name: "Cline",
  icon:
    "M7 6h10a2 2 0 0 1 2 2v8a3 3 0 0 1-3 3H8a3 3 0 0 1-3-3V8a2 2 0 0 1 2-2z M10 11v3 M14 11v3 M12 6V3 M2 12h3 M19 12h3",
  install: {
    command: "npm install -g cline",
    advice: "Install Cline with `npm install -g cline`, then log in with `cline auth`.",
  },
  login: {
    advice:
      "Log in with `cline auth`, or set CLINE_API_KEY and CLINE_PROVIDER, such as anthropic, for the server.",
    variables: ["CLINE_API_KEY"],
    files: ({ HOME }) => [`${HOME}/.cline/data/settings/providers.json`],
    isOptional: false,
  },
  kept: ({ HOME }) =>
    keptIn(`${HOME}/.cline`, [
      "data/settings/cline_mcp_settings.json",
      "hooks/",
      "rules/",
      "skills/",
      "plugins/",
    ]),
  programs: ["cline"],
  standard: { command: ["cline", "--acp"], pass_env: ["CLINE_API_KEY", "CLINE_PROVIDER", "CLINE_MODEL"] },
  // The API document has no type for it.
  recognize: (launched) =>
    bears(launched, SIGNS) && !HOUSEKEEPING.has(launched.first_argument ?? "") ? "unknown" : undefined,
  modes: () => ["act"],
  unasked: () => "nothing",
  // It asks by itself, even before it reads. Only this argument keeps it from that.
  bind: ({ permissions }) =>
    permissions === "allow" ? {} : { prepare: () => ({ args: ["--auto-approve", "false"] }) },
  // It shares a server of its own among all Clines of its user.
  helpers: /--cline-hub-daemon\b/,
  // It takes any name of a model, listed or not.
  resolves_models: true,
  session_shows_login: true,
  // It says that it takes images, and drops them.
  takes_badly: ["image"],
  lacks_mcp: ["stdio"],
  chatter: /^(\[acp\] starting|Error handling request \{|Warning: AI SDK|DeprecationWarning: AI SDK|\s+at )/,
};
