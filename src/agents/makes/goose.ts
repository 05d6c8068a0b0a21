import { acpMake } from "./acp_make.ts";
import type { AgentMake, Unasked } from "./agent_make.ts";
import { bears, type OwnSigns } from "./own_process.ts";

const SIGNS: OwnSigns = { names: ["goose"], scripts: /$^/ };

/** The first arguments of commands that run an agent. Another program of this name migrates databases. */
const WORK = /^(acp|session|run|web)$/;

const UNASKED: Record<string, Unasked> = { approve: "nothing", chat: "nothing" };

/** `goose acp`. Written after its documentation, since no registry of packages has it: nothing here has been tried. */
export const goose: AgentMake = {
  ...acpMake,
  name: "goose",
  display_name: "Goose",
  icon: "M6 20c0-5 3-7 6-8V7a3 3 0 1 1 6 0l3 1-3 1v4c0 4-3 7-7 7z M15 7h.01",
  install: {
    command: undefined,
    advice: "Install Goose as its documentation says and put it on PATH, then run `goose configure`.",
  },
  login: {
    advice:
      "Choose a provider and enter its key with `goose configure`, or set GOOSE_PROVIDER, GOOSE_MODEL and the " +
      "provider's key for the server, such as ANTHROPIC_API_KEY.",
    variables: ["GOOSE_PROVIDER"],
    files: ({ HOME, XDG_CONFIG_HOME = `${HOME}/.config` }) => [`${XDG_CONFIG_HOME}/goose/config.yaml`],
    isOptional: false,
  },
  kept: ({ HOME, XDG_DATA_HOME = `${HOME}/.local/share`, XDG_STATE_HOME = `${HOME}/.local/state` }) => ({
    writes: [`${XDG_DATA_HOME}/goose/`, `${XDG_STATE_HOME}/goose/`],
    guards: [],
  }),
  programs: ["goose"],
  standard: {
    command: ["goose", "acp"],
    pass_env: [
      "ANTHROPIC_API_KEY",
      "GOOSE_MODEL",
      "GOOSE_PROVIDER",
      "OPENAI_API_KEY",
      "XDG_CONFIG_HOME",
      "XDG_DATA_HOME",
    ],
  },
  // The API document has no type for it.
  recognize: (launched) =>
    bears(launched, SIGNS) && WORK.test(launched.first_argument ?? "") ? "unknown" : undefined,
  // By default it does everything unasked.
  modes: () => ["approve"],
  unasked: (mode) => UNASKED[mode] ?? "everything",
  bind: ({ permissions }) =>
    permissions === "allow" ? {} : { prepare: () => ({ env: { GOOSE_MODE: "approve" } }) },
};
