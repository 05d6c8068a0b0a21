import type { AgentProfile } from "./agent_profile.ts";
import { genericProfile } from "./generic.ts";

/** `gemini --acp`. It tells no step counts. */
export const geminiProfile: AgentProfile = {
  ...genericProfile,
  name: "gemini",
  install: "Install Gemini CLI with `npm install -g @google/gemini-cli`, " +
    "then log in with `gemini` or set GEMINI_API_KEY.",
  environment: () => ({ GEMINI_CLI_NO_RELAUNCH: "true" }),
  arguments: (request) => request.model === undefined ? [] : ["-m", request.model],
  modes: ["default"],
  // It replays a loaded session partly after the reply, and loses it at times.
  resumes: false,
  chatter: /^(\[STARTUP\]|Ripgrep is not available|Skipping project agents|Project hooks disabled)/,
};
