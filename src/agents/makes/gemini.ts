import { keptIn } from "./kept_places.ts";
import type { AgentMoment } from "../acp/agent_moment.ts";
import { kindOfStatus } from "../acp/failure_kind.ts";
import { type ModelTrouble, troubleInText } from "../acp/model_trouble.ts";
import { bindGemini } from "./gemini_binding.ts";
import { countsOf } from "../acp/usage.ts";
import { listOf, objectOf } from "../acp/wire_value.ts";
import { acpMake } from "./acp_make.ts";
import type { AgentMake, AgentSign, BrokenServer, Unasked, WireObject } from "./agent_make.ts";
import { bears, type OwnSigns } from "./own_process.ts";

const SIGNS: OwnSigns = {
  names: ["gemini"],
  scripts: /\/(gemini-cli|@google\/gemini-cli)\/(bundle\/gemini|dist\/index)\.js$/,
};

const UNASKED: Record<string, Unasked> = { default: "nothing", plan: "nothing", autoEdit: "edits" };

/** What it, and its kin, obey in their folder. */
const GUARDED = [
  "settings.json",
  "GEMINI.md",
  "trustedFolders.json",
  ".env",
  ...["agents", "commands", "extensions", "hooks", "policies", "skills"].map((name) => `${name}/`),
];

/** `gemini --acp`. It sends no plan. */
export const gemini: AgentMake = {
  ...acpMake,
  // A prompt with a text beside it loses its images.
  takes_badly: ["resource"],
  name: "gemini",
  display_name: "Gemini CLI",
  icon: "M12 2c0 6-4 10-10 10 6 0 10 4 10 10 0-6 4-10 10-10-6 0-10-4-10-10z",
  install: {
    command: "npm install -g @google/gemini-cli",
    advice: "Install Gemini CLI with `npm install -g @google/gemini-cli`, " +
      "then log in with `gemini` or set GEMINI_API_KEY.",
  },
  node: 20,
  login: {
    advice: "Log in with `gemini`, which asks at its first start, or set GEMINI_API_KEY for the server.",
    variables: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    files: ({ HOME }) =>
      ["oauth_creds.json", "gemini-credentials.json"].map((name) => `${HOME}/.gemini/${name}`),
    isOptional: false,
  },
  kept: ({ HOME }) => keptIn(`${HOME}/.gemini`, GUARDED),
  programs: ["gemini"],
  standard: {
    command: ["gemini", "--acp"],
    pass_env: ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL"],
  },
  // The API document has no type for it.
  recognize: (launched) => bears(launched, SIGNS) ? "unknown" : undefined,
  environment: () => ({
    GEMINI_CLI_NO_RELAUNCH: "true",
    // A client has chosen the folder. Without trust, its instructions and MCP servers are not read.
    GEMINI_CLI_TRUST_WORKSPACE: "true",
    // Its log is the only place where it tells that its model does not answer. On stderr itself it holds that back.
    GEMINI_DEBUG_LOG_FILE: "/dev/stderr",
  }),
  modes: () => ["default"],
  bind: bindGemini,
  isToolOf: ({ kind, title }, server) =>
    kind === "other" && String(title).replace(/^[a-z_]+/, "TOOL") === `TOOL (${server} MCP Server)`,
  unasked: (mode) => UNASKED[mode] ?? "everything",
  session_shows_login: true,
  doubtOf,
  troubleOf,
  brokenServers,
  goOn: (session_id) => ["gemini", "--resume", session_id],
  obstacleToLoad: (opened_ms, now_ms) =>
    opened_ms !== undefined && minuteOf(now_ms) <= minuteOf(opened_ms)
      ? "Gemini CLI would overwrite it in the minute in which it began"
      : undefined,
  forgets_ended_turns: true,
  // It replays most of a loaded session after the reply.
  replay_pause_ms: 300,
  tells_cost: false,
  tokensOf: (result) => acpMake.tokensOf(result) ?? quotaTokensOf(result),
  chatter:
    /^(\[STARTUP\]|Ripgrep is not available|Skipping project agents|Project hooks disabled|Error handling request \{)/,
};

/**
 * It names the file of a session by the minute in which its process opens it, and begins that file before it reads the
 * session. So a process that loads a session in its first minute empties it.
 */
function minuteOf(time_ms: number): number {
  return Math.floor(time_ms / 60_000);
}

/** `[2026-11-30T13:32:08.106Z] [WARN] Attempt 1 failed with status 429. Retrying with backoff... _ApiError: {"error":{…}}`. */
function troubleOf(sign: AgentSign, at: AgentMoment): ModelTrouble | undefined {
  if (sign.from !== "stderr") return acpMake.troubleOf(sign, at);
  const [, attempt, text] =
    /^\[[^\]]+\] \[\w+\] Attempt (\d+) failed\b(?!.* Max attempts reached)(.*)$/.exec(sign.line) ?? [];
  if (attempt === undefined || text === undefined) return delayIn(sign.line, at);
  const [, status = text.includes("5xx") ? "500" : undefined] = /\b(?:status |with )(\d{3})\b/.exec(text) ??
    [];
  const [, message] = /"message":"((?:[^"\\]|\\.)*)"/.exec(text) ?? [];
  const what = message ?? text.replace(/^[:.\s]+|Retrying (after|with) \S+/g, "");
  const kind = status === undefined ? undefined : kindOfStatus(Number(status));
  return { ...troubleInText(what, at, kind), attempt: Number(attempt) };
}

/**
 * What it says of a quota has more lines: `Please retry in 40.5s.`, alone where it gives up, and `Suggested retry after 40s..
 * Retrying after 44000ms...`.
 */
function delayIn(line: string, at: AgentMoment): ModelTrouble | undefined {
  const [, what, own_ms] =
    /^(?:\s*(?:message: )?')?((?:Please retry in|Suggested retry after) [\d.]+m?s)\b(?:.* Retrying after (\d+)ms)?/
      .exec(line) ?? [];
  if (what === undefined) return undefined;
  const trouble = troubleInText(what, at, "provider_limit");
  return own_ms === undefined
    ? { ...trouble, isFinal: true }
    : { ...trouble, until_ms: at.now_ms + Number(own_ms) };
}

/** `[2026-11-30T14:10:54.931Z] [LOG] [MCP error] Error during discovery for MCP server 'x': spawn x ENOENT Error: …`. */
function brokenServers(sign: AgentSign): BrokenServer[] {
  if (sign.from !== "stderr") return [];
  const [, name, why] = /\[MCP error\] Error during discovery for MCP server '([^']+)': (.*?)(?: Error: .*)?$/
    .exec(sign.line) ?? [];
  return name === undefined ? [] : [{ name, why }];
}

/**
 * Where its model's answers break off, are empty or are blocked, it ends its turn as if it were done. Only the tokens, which it
 * counts at the end of an answer, are missing then.
 */
function doubtOf(result: WireObject): string | undefined {
  const quota = objectOf(objectOf(result._meta)?.quota);
  const isUncounted = quota !== undefined && listOf(quota.model_usage).length === 0;
  return isUncounted
    ? "Gemini counted no tokens: the answer of its model may have been cut off or blocked"
    : undefined;
}

/** It counts tokens in `_meta.quota` of the prompt's result instead of in `usage`. */
export function quotaTokensOf(result: WireObject): Record<string, number> | undefined {
  return countsOf(objectOf(objectOf(objectOf(result._meta)?.quota)?.token_count), {
    input_tokens: "input_tokens",
    output_tokens: "output_tokens",
  });
}
