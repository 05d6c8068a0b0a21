import { keptIn } from "./kept_places.ts";
import { objectOf, textOf } from "../acp/wire_value.ts";
import { tokensOf } from "../acp/usage.ts";
import { acpMake } from "./acp_make.ts";
import type { AgentMake, Unasked, WireObject } from "./agent_make.ts";
import { bears, type OwnSigns } from "./own_process.ts";
import { bindQwen } from "./qwen_binding.ts";

const SIGNS: OwnSigns = {
  names: ["qwen"],
  scripts: /\/(qwen-code|@qwen-code\/qwen-code)\/(dist\/)?(cli|cli-entry|index)\.js$/,
};

/** The first arguments of commands that do not run an agent. */
const HOUSEKEEPING = new Set([
  "auth",
  "board",
  "channel",
  "extensions",
  "hooks",
  "mcp",
  "sandbox",
  "sessions",
  "update",
]);

const UNASKED: Record<string, Unasked> = { default: "nothing", plan: "nothing", "auto-edit": "edits" };

/** `qwen --acp`. */
export const qwen: AgentMake = {
  ...acpMake,
  name: "qwen",
  display_name: "Qwen Code",
  icon: "M12 3l8 4.5v9L12 21l-8-4.5v-9z M12 8l3.5 2v4L12 16l-3.5-2v-4z M15 15l4 3",
  install: {
    command: "npm install -g @qwen-code/qwen-code",
    advice:
      "Install Qwen Code with `npm install -g @qwen-code/qwen-code` (it needs Node 22), then set OPENAI_API_KEY, " +
      "OPENAI_BASE_URL and OPENAI_MODEL, or log in with `qwen` and its command /auth.",
  },
  node: 22,
  login: {
    advice:
      "Log in with `qwen` and its command /auth, or set OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL for " +
      "the server.",
    variables: ["OPENAI_API_KEY", "DASHSCOPE_API_KEY"],
    files: ({ HOME, QWEN_HOME = `${HOME}/.qwen` }) => [`${QWEN_HOME}/oauth_creds.json`],
    isOptional: false,
  },
  kept: ({ HOME, QWEN_HOME = `${HOME}/.qwen` }) =>
    keptIn(QWEN_HOME, [
      ...["settings.json", "QWEN.md", "trustedFolders.json", ".env"],
      ...["agents", "commands", "extensions", "hooks", "skills"].map((name) => `${name}/`),
    ]),
  programs: ["qwen"],
  standard: {
    command: ["qwen", "--acp"],
    pass_env: ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "DASHSCOPE_API_KEY", "QWEN_HOME"],
  },
  // The API document has no type for it.
  recognize: (launched) =>
    bears(launched, SIGNS) && !HOUSEKEEPING.has(launched.first_argument ?? "") ? "unknown" : undefined,
  environment: () => ({ QWEN_CODE_NO_RELAUNCH: "true" }),
  // It starts in `auto`, in which its model decides what a person need not be asked.
  modes: () => ["default"],
  unasked: (mode) => UNASKED[mode] ?? "everything",
  bind: bindQwen,
  inProtocolTerms,
  tells_cost: false,
  tokensOfCall: ({ _meta }) => tokensOf(objectOf(_meta) ?? {}),
  chatter: /^(\[perf\]|Error handling request \{)/,
};

/** The text of a command's result begins with what is known of the call already. The output alone is beside it. */
function inProtocolTerms(update: WireObject): WireObject {
  const result = objectOf(update.rawOutput);
  const output = textOf(result?.output);
  if (result?.type !== "shell_result" || output === undefined) return update;
  return { ...update, content: [{ type: "content", content: { type: "text", text: output } }] };
}
