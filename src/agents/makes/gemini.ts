import type { AgentProfile } from "./agent_profile.ts";
import { genericProfile } from "./generic.ts";

/** `gemini --acp`. It tells no step counts. */
export const geminiProfile: AgentProfile = {
  ...genericProfile,
  name: "gemini",
  install: "Install Gemini CLI with `npm install -g @google/gemini-cli`, " +
    "then log in with `gemini` or set GEMINI_API_KEY.",
  environment: () => ({ GEMINI_CLI_NO_RELAUNCH: "true" }),
  // A command that names a model keeps it until the session's own is set.
  arguments: ({ model, agent: { command } }) =>
    model === undefined || command.includes("-m") || command.includes("--model") ? [] : ["-m", model],
  modes: ["default"],
  // It replays a loaded session partly after the reply, and loses it at times.
  resumes: false,
  chatter: /^(\[STARTUP\]|Ripgrep is not available|Skipping project agents|Project hooks disabled)/,
};
