import { keptIn } from "./kept_places.ts";
import { join } from "node:path";
import type { AgentMoment } from "../acp/agent_moment.ts";
import { kindOfText } from "../acp/failure_kind.ts";
import { type ModelTrouble, troubleInText } from "../acp/model_trouble.ts";
import { listOf, objectOf, textOf } from "../acp/wire_value.ts";
import { acpMake } from "./acp_make.ts";
import type { AgentMake, AgentSign, Binding, PolicyRequest, TurnSign, WireObject } from "./agent_make.ts";
import { bears, type OwnSigns } from "./own_process.ts";

const SIGNS: OwnSigns = { names: ["copilot"], scripts: /\/@github\/copilot\/(npm-loader|index)\.js$/ };

const MODE = "https://agentclientprotocol.com/protocol/session-modes#";

/** `copilot --acp`, of GitHub. It sends no plan. */
export const copilot: AgentMake = {
  ...acpMake,
  name: "copilot",
  display_name: "Copilot CLI",
  icon: "M5 10c0-4 3-6 7-6s7 2 7 6 M3 11v5c0 2 4 4 9 4s9-2 9-4v-5 M9 13v3 M15 13v3",
  install: {
    command: "npm install -g @github/copilot",
    advice: "Install Copilot CLI with `npm install -g @github/copilot`, then log in with `copilot login`.",
  },
  login: {
    advice:
      "Log in with `copilot login`, or set COPILOT_GITHUB_TOKEN for the server; for a model of your own, " +
      "set COPILOT_PROVIDER_BASE_URL, COPILOT_PROVIDER_API_KEY and COPILOT_MODEL.",
    variables: ["COPILOT_GITHUB_TOKEN", "COPILOT_PROVIDER_BASE_URL"],
    // Where there is a keychain, the token is in that.
    files: () => [],
    isOptional: false,
  },
  kept: ({ HOME, COPILOT_HOME = `${HOME}/.copilot` }) =>
    keptIn(COPILOT_HOME, [
      "mcp-config.json",
      "copilot-instructions.md",
      "agents/",
      "hooks/",
      "pkg/",
      "skills/",
    ]),
  programs: ["copilot"],
  standard: {
    command: ["copilot", "--acp"],
    pass_env: [
      "COPILOT_GITHUB_TOKEN",
      "COPILOT_HOME",
      "COPILOT_MODEL",
      "COPILOT_OFFLINE",
      "COPILOT_PROVIDER_API_KEY",
      "COPILOT_PROVIDER_BASE_URL",
      "COPILOT_PROVIDER_BEARER_TOKEN",
      "COPILOT_PROVIDER_TYPE",
      "COPILOT_PROVIDER_WIRE_API",
    ],
  },
  // The API document has no type for it. A subcommand is housekeeping, or that of another `copilot`, for AWS.
  recognize: (launched) =>
    bears(launched, SIGNS) && /^(-|$)/.test(launched.first_argument ?? "") ? "unknown" : undefined,
  // An agent must not replace its own program in the middle of a task.
  environment: () => ({ COPILOT_AUTO_UPDATE: "false" }),
  modes: () => [`${MODE}agent`],
  unasked: (mode) => mode === `${MODE}agent` || mode === `${MODE}plan` ? "nothing" : "everything",
  bind,
  // It refuses to start programs for its client.
  lacks_mcp: ["stdio"],
  inProtocolTerms,
  sums_tokens: true,
  turnSign,
  troubleOf,
};

/**
 * Its remarks on the turn come as chunks of its answer, each whole: `Info: …`, `Warning: …`, `Error: …`. What a command
 * prints comes without a status until the command ends.
 */
function inProtocolTerms(update: WireObject): WireObject {
  switch (update.sessionUpdate) {
    case "agent_message_chunk": {
      const [, word, title] =
        /^(Info|Warning|Error): ([^]+)$/.exec(textOf(objectOf(update.content)?.text) ?? "") ?? [];
      return word === undefined ? update : { sessionUpdate: "notice", severity: word.toLowerCase(), title };
    }
    case "tool_call_update":
      return update.status === undefined && listOf(update.content).length > 0
        ? { ...update, status: "in_progress" }
        : update;
    default:
      return update;
  }
}

/** When its model does not answer, its turn ends normally. Its last remark is the error. */
function turnSign({ sessionUpdate, severity }: WireObject): TurnSign | undefined {
  if (sessionUpdate === "notice" && severity === "error") return "failed";
  return /^(agent_|tool_call)/.test(String(sessionUpdate)) ? "going_on" : undefined;
}

function troubleOf(sign: AgentSign, at: AgentMoment): ModelTrouble | undefined {
  if (sign.from !== "update" || sign.update.sessionUpdate !== "notice") return acpMake.troubleOf(sign, at);
  const { severity, title } = sign.update;
  const text = textOf(title) ?? "";
  if (severity === "error") {
    return { ...troubleInText(text, at, kindOfText(text) ?? "refused"), isFinal: true };
  }
  return /\bRetrying\b/.test(text) ? troubleInText(text, at) : undefined;
}

const ALL_OF_IT = ["--deny-tool=shell", "--deny-tool=write"];

/** It asks by itself, except for what its user has allowed for a folder. */
function bind({ permissions }: PolicyRequest): Binding {
  return {
    async prepare({ env, read }) {
      const start = { env: { COPILOT_ALLOW_ALL: "", COPILOT_ASSISTED_APPROVAL: "" } };
      if (permissions === "allow") return start;
      const file = join(env.COPILOT_HOME ?? join(env.HOME ?? "", ".copilot"), "permissions-config.json");
      const isLenient = /"(tool_approvals|allowed_directories)"\s*:\s*\[\s*[^\]\s]/.test(
        await read(file) ?? "",
      );
      if (!isLenient) return start;
      return permissions === "deny"
        ? { ...start, args: ALL_OF_IT }
        : { ...start, warnings: [`Copilot does what ${file} allows without asking`] };
    },
  };
}
