import { keptIn } from "./kept_places.ts";
import type { AgentMake, TurnSign } from "./agent_make.ts";
import { generic } from "./generic.ts";
import { bears, type OwnSigns } from "./own_process.ts";

const SIGNS: OwnSigns = { names: ["aider"], scripts: /\/aider\/(__main__|main)\.py$/ };

/** `aider --message`, which does what it is told and ends. It speaks no protocol. */
export const aider: AgentMake = {
  ...generic,
  name: "aider",
  display_name: "aider",
  icon: "M4 7l5 5-5 5 M11 17h9",
  install: {
    command: "pip install aider-chat",
    advice:
      "Install aider with `pip install aider-chat`, then set its model's key for the server, such as ANTHROPIC_API_KEY.",
  },
  login: {
    advice: "Set the key of aider's model for the server, such as ANTHROPIC_API_KEY or OPENAI_API_KEY.",
    variables: [
      "ANTHROPIC_API_KEY",
      "OPENAI_API_KEY",
      "GEMINI_API_KEY",
      "DEEPSEEK_API_KEY",
      "OPENROUTER_API_KEY",
    ],
    files: ({ HOME }) => [`${HOME}/.aider/oauth-keys.env`],
    isOptional: false,
  },
  kept: ({ HOME }) => keptIn(`${HOME}/.aider`, []),
  programs: ["aider"],
  standard: {
    protocol: "command",
    command: [
      "aider",
      "--yes-always",
      "--no-check-update",
      "--no-pretty",
      "--no-fancy-input",
      "--no-suggest-shell-commands",
      "--model={model}",
      "--message={prompt}",
    ],
    pass_env: [
      "ANTHROPIC_API_KEY",
      "DEEPSEEK_API_KEY",
      "GEMINI_API_KEY",
      "OPENAI_API_BASE",
      "OPENAI_API_KEY",
      "OPENROUTER_API_KEY",
    ],
  },
  lineSign,
  // The API document has no type for it.
  recognize: (launched) => bears(launched, SIGNS) ? "unknown" : undefined,
  // Its history of what was asked belongs into no repository.
  environment: () => ({
    AIDER_CHAT_HISTORY_FILE: "/dev/null",
    AIDER_INPUT_HISTORY_FILE: "/dev/null",
    AIDER_GITIGNORE: "false",
    AIDER_ANALYTICS: "false",
    AIDER_SHOW_MODEL_WARNINGS: "false",
  }),
};

/** It exits with 0 whatever its model answers. After an answer, it counts the tokens. */
function lineSign(line: string): TurnSign | undefined {
  if (/^litellm\.\w+: /.test(line)) return "failed";
  return /^Tokens: [\d.]+[kM]? sent/.test(line) ? "going_on" : undefined;
}
