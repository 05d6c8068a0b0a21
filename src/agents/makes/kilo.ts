import { keptByOpenCode } from "./kept_places.ts";
import type { AgentMake } from "./agent_make.ts";
import { opencode } from "./opencode.ts";
import { bindOpenCode, type OpenCodeKind, usualVariables } from "./opencode_binding.ts";
import { bears, type OwnSigns } from "./own_process.ts";

const SIGNS: OwnSigns = { names: ["kilo", "kilocode"], scripts: /\/@kilocode\/cli\/bin\/kilo(code)?$/ };

const KIND: OpenCodeKind = {
  prefix: "KILO",
  folder: "kilo",
  agents: ["code", "debug", "orchestrator", "ask", "plan"],
  runsUnasked: false,
};

/** The first arguments of commands that run an agent. All others are housekeeping. */
const WORK = /^(acp|run|serve|attach|web|-.*|)$/;

/** `kilo acp`, which is made of OpenCode. */
export const kilo: AgentMake = {
  ...opencode,
  name: "kilo",
  display_name: "Kilo Code",
  icon: "M5 3v18 M16 4l-8 8 8 8 M13 12h6",
  install: {
    command: "npm install -g @kilocode/cli",
    advice: "Install Kilo with `npm install -g @kilocode/cli`, then `kilo auth login`.",
  },
  login: {
    advice:
      "Log in with `kilo auth login`, or set a provider's key for the server, such as ANTHROPIC_API_KEY.",
    variables: ["KILO_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY"],
    files: ({ HOME, XDG_DATA_HOME = `${HOME}/.local/share` }) => [`${XDG_DATA_HOME}/kilo/auth.json`],
    isOptional: true,
  },
  kept: keptByOpenCode("kilo"),
  programs: ["kilo", "kilocode"],
  standard: {
    command: ["kilo", "acp"],
    pass_env: usualVariables(KIND, "KILO_API_KEY"),
  },
  // The API document has no type for it.
  recognize: (launched) =>
    bears(launched, SIGNS) && WORK.test(launched.first_argument ?? "") ? "unknown" : undefined,
  environment: () => ({ KILO_DISABLE_AUTOUPDATE: "1" }),
  modes: () => ["code"],
  bind: (request) => bindOpenCode(KIND, request),
};
