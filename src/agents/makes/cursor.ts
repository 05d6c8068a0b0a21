import { keptIn } from "./kept_places.ts";
import type { AgentMake } from "./agent_make.ts";
import { generic } from "./generic.ts";
import { bears, type OwnSigns } from "./own_process.ts";

const SIGNS: OwnSigns = {
  names: ["cursor-agent"],
  scripts: /\/cursor-agent\/versions\/[^/]+\/index\.js$/,
};

/** Cursor's agent program. Its processes are recognized; its habits as a task's agent are unknown. */
export const cursor: AgentMake = {
  ...generic,
  name: "cursor",
  display_name: "Cursor",
  icon: "M5 3l15 9-7 1.5L10 21z",
  install: {
    command: undefined,
    advice:
      "Install Cursor's agent program and put it on PATH, or name its full path in agents.NAME.command.",
  },
  login: { ...generic.login, advice: "Log in with `cursor-agent login`." },
  kept: ({ HOME }) =>
    keptIn(`${HOME}/.cursor`, [
      "mcp.json",
      "cli-config.json",
      "hooks.json",
      "commands/",
      "extensions/",
      "rules/",
    ]),
  programs: ["cursor-agent"],
  standard: undefined,
  recognize: (launched) => bears(launched, SIGNS) ? "cursor_claude" : undefined,
};
