import { keptIn } from "./kept_places.ts";
import type { AgentMoment } from "../acp/agent_moment.ts";
import { type ModelTrouble, providersText, troubleInText } from "../acp/model_trouble.ts";
import { messageText, type Notice } from "../acp/notice.ts";
import { objectOf, textOf } from "../acp/wire_value.ts";
import { bindCodex } from "./codex_binding.ts";
import { acpMake } from "./acp_make.ts";
import type { AgentMake, AgentSign, TurnSign, Unasked, WireObject } from "./agent_make.ts";
import { bears, type OwnSigns } from "./own_process.ts";

const SIGNS: OwnSigns = {
  names: ["codex", "codex-acp"],
  scripts: /\/codex-acp\/(dist|bin)\/[^/]+$|\/@openai\/codex\/bin\/codex(\.js)?$/,
};

const UNASKED: Record<string, Unasked> = { "read-only": "nothing", "workspace-write": "edits" };

/** Codex through `codex-acp`. */
export const codex: AgentMake = {
  ...acpMake,
  name: "codex",
  display_name: "Codex",
  icon: "M12 2l8.7 5v10L12 22l-8.7-5V7z M9 9l3 3-3 3 M13 15h3",
  install: {
    command: "npm install -g @agentclientprotocol/codex-acp",
    advice: "Install Codex's adapter with `npm install -g @agentclientprotocol/codex-acp`, " +
      "then log in with `codex-acp cli login` or set CODEX_API_KEY.",
  },
  login: {
    advice:
      "Log in with `codex-acp cli login` (where Codex is installed too, `codex-acp login` or `codex login`), or " +
      "set CODEX_API_KEY or OPENAI_API_KEY for the server.",
    variables: ["CODEX_API_KEY", "OPENAI_API_KEY"],
    files: ({ HOME, CODEX_HOME = `${HOME}/.codex` }) => [`${CODEX_HOME}/auth.json`],
    isOptional: false,
  },
  kept: ({ HOME, CODEX_HOME = `${HOME}/.codex` }) =>
    keptIn(CODEX_HOME, [
      "config.toml",
      "AGENTS.md",
      "hooks.json",
      "prompts/",
      "rules/",
      "skills/",
      "plugins/",
    ]),
  programs: ["codex-acp"],
  standard: { command: ["codex-acp"], pass_env: ["OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_HOME"] },
  // The API document has no type for it.
  recognize: (launched) => bears(launched, SIGNS) ? "unknown" : undefined,
  environment: () => ({
    CODEX_CONFIG: JSON.stringify({
      tools: { update_plan: { enabled: true } },
      features: { plugins: false, apps: false, default_mode_request_user_input: true },
    }),
    // Used only if Codex has no account of its own.
    DEFAULT_AUTH_REQUEST: JSON.stringify({ methodId: "api-key" }),
    NO_BROWSER: "1",
  }),
  // In its default mode it reviews its own requests. In this mode it asks a person.
  // Its own sandbox lets it commit nothing, and cannot be made inside every other one.
  modes: (policy, isBoxed) =>
    policy !== "allow" ? ["read-only"] : [...isBoxed ? ["agent-full-access"] : [], "workspace-write"],
  bind: bindCodex,
  isToolOf,
  goesOnAfter: (question) => objectOf(objectOf(question._meta)?.codex)?.delivery === "async",
  unasked: (mode) => UNASKED[mode] ?? "everything",
  session_shows_login: true,
  turnSign,
  noticeOf,
  troubleOf,
  tells_cost: false,
  tells_each_call: true,
  goOn: (session_id) => ["codex", "resume", session_id],
  // What it answers with an error, it prints too.
  chatter: /^(\[SYSTEM_ERROR\] Prompt for session|RequestError: )/,
};

/**
 * What is no part of the answer has no message id: why the turn has failed, and, to a client that takes no notices, the
 * warnings of older versions.
 */
function noticeOf(update: WireObject, hasFailed: boolean): Notice | undefined {
  const text = update.messageId === undefined ? messageText(update) : undefined;
  if (text !== undefined && hasFailed) return { level: "error", text: providersText(text.trim()) };
  const isWarning = text !== undefined && /^\W*(warning|deprecat\w+|heads up)\b/i.test(text);
  return isWarning ? { level: "warn", text: text.trim() } : acpMake.noticeOf(update, hasFailed);
}

/** If its model fails, its turn still ends normally. Only the thread's status shows the failure. */
function turnSign(update: WireObject): TurnSign | undefined {
  const status = objectOf(sessionInfo(update)?.threadStatus);
  if (status?.type === "systemError") return "failed";
  return status?.type === "active" ? "going_on" : undefined;
}

/** The input of a command has other fields. */
function isToolOf({ rawInput }: WireObject, server: string): boolean {
  const input = objectOf(rawInput);
  return input?.server === server && typeof input.tool === "string" && input.command === undefined;
}

/** It reports an error before it asks again: `{message: "Reconnecting... 1/5", additionalDetails, codexErrorInfo}`. */
function troubleOf(sign: AgentSign, at: AgentMoment): ModelTrouble | undefined {
  const error = sign.from === "update" ? objectOf(sessionInfo(sign.update)?.error) : undefined;
  if (error === undefined) return acpMake.troubleOf(sign, at);
  const message = textOf(error.message) ?? "";
  const [, attempt, of] = /(\d+)\/(\d+)/.exec(message) ?? [];
  const text = textOf(error.additionalDetails) ?? message;
  return {
    ...troubleInText(text, at, undefined, { codexErrorInfo: error.codexErrorInfo }),
    attempt: attempt === undefined ? undefined : Number(attempt),
    of: of === undefined ? undefined : Number(of),
  };
}

function sessionInfo(update: WireObject): WireObject | undefined {
  if (update.sessionUpdate !== "session_info_update") return undefined;
  return objectOf(objectOf(update._meta)?.codex);
}
