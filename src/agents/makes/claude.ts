import { keptIn } from "./kept_places.ts";
import { given } from "../../domain/given_fields.ts";
import type { Launched } from "../../host/processes/launched.ts";
import type { ProcessType } from "../../protocol/process.ts";
import type { AgentMoment } from "../acp/agent_moment.ts";
import { kindOfName, kindOfStatus } from "../acp/failure_kind.ts";
import type { ModelTrouble } from "../acp/model_trouble.ts";
import { messageText, type Notice, noticeOf as noticeIn } from "../acp/notice.ts";
import { listOf, numberOf, objectOf, objectsOf, textOf } from "../acp/wire_value.ts";
import { acpMake } from "./acp_make.ts";
import type {
  AgentMake,
  AgentSign,
  Binding,
  BrokenServer,
  OwnWork,
  PolicyRequest,
  TurnSign,
  Unasked,
  WireObject,
} from "./agent_make.ts";
import { bears, type OwnSigns } from "./own_process.ts";

const ADAPTER: OwnSigns = {
  names: ["claude-agent-acp", "claude-code-acp"],
  scripts:
    /\/(claude-agent-acp|claude-code-acp)\/(dist|bin)\/[^/]+$|\/@anthropic-ai\/claude-agent-sdk[^/]*\/cli\.[cm]?js$/,
};
const PROGRAM: OwnSigns = {
  names: ["claude", "claude-code"],
  scripts: /\/(@anthropic-ai|resources)\/claude-code\/cli\.[cm]?js$/,
};

const UNASKED: Record<string, Unasked> = {
  default: "nothing",
  plan: "nothing",
  dontAsk: "nothing",
  acceptEdits: "edits",
};

/** Claude Code through `claude-agent-acp`. */
export const claude: AgentMake = {
  ...acpMake,
  name: "claude",
  display_name: "Claude Code",
  icon: "M12 3v18 M3 12h18 M5.6 5.6l12.8 12.8 M18.4 5.6L5.6 18.4",
  install: {
    command: "npm install -g @agentclientprotocol/claude-agent-acp",
    advice:
      "Install Claude Code's adapter with `npm install -g @agentclientprotocol/claude-agent-acp` (it needs Node 22), " +
      "then log in with `claude-agent-acp --cli auth login` or set ANTHROPIC_API_KEY.",
  },
  node: 22,
  login: {
    advice: "Log in with `claude-agent-acp --cli auth login`, or set ANTHROPIC_API_KEY for the server.",
    variables: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"],
    // On macOS it is in the keychain.
    files: ({ HOME, CLAUDE_CONFIG_DIR = `${HOME}/.claude` }) =>
      Deno.build.os === "darwin" ? [] : [`${CLAUDE_CONFIG_DIR}/.credentials.json`],
    isOptional: false,
  },
  // In ~/.claude.json are programs that it starts, too.
  kept: ({ HOME, CLAUDE_CONFIG_DIR = `${HOME}/.claude` }) =>
    keptIn(CLAUDE_CONFIG_DIR, [
      "settings.json",
      "settings.local.json",
      "CLAUDE.md",
      "keybindings.json",
      ...["agents", "commands", "hooks", "local", "output-styles", "plugins", "rules", "skills"].map((name) =>
        `${name}/`
      ),
    ]),
  programs: ["claude-agent-acp"],
  standard: {
    command: ["claude-agent-acp"],
    pass_env: [
      "ANTHROPIC_API_KEY",
      "ANTHROPIC_AUTH_TOKEN",
      "ANTHROPIC_BASE_URL",
      "CLAUDE_CODE_OAUTH_TOKEN",
      "CLAUDE_CONFIG_DIR",
    ],
  },
  recognize,
  environment: () => ({
    // The adapter turns the todo tool into a plan, but not its successor, the task tools.
    CLAUDE_CODE_ENABLE_TODO_TOOLS: "1",
    CLAUDE_CODE_ENABLE_TASKS: "0",
    ENABLE_TOOL_SEARCH: "false",
    DISABLE_AUTOUPDATER: "1",
    // Two minutes instead of three. Only then does it say what its provider answered, such as when a limit ends.
    CLAUDE_CODE_MAX_RETRIES: "8",
  }),
  // By default it starts in `auto` and answers its own permission requests.
  modes: () => ["default"],
  bind,
  isToolOf,
  unasked: (mode) => UNASKED[mode] ?? "everything",
  // It takes the ids of the models API for those of its list.
  resolves_models: true,
  // Otherwise the adapter keeps to itself that Claude Code asks again, for three minutes if its key is wrong.
  session_meta: {
    claudeCode: {
      // It would leave the task's folder for a worktree of its own, and its work would be in no diff.
      options: { disallowedTools: ["EnterWorktree", "ExitWorktree"] },
      emitRawSDKMessages: [
        { type: "system", subtype: "api_retry" },
        // Lists the MCP servers, with those that do not work.
        { type: "system", subtype: "init" },
        // Whether Claude Code works on after the turn.
        { type: "system", subtype: "background_tasks_changed" },
        { type: "system", subtype: "session_state_changed" },
      ],
    },
  },
  turnSign,
  noticeOf,
  ownWorkOf,
  troubleOf,
  tells_cost: true,
  tells_each_call: true,
  brokenServers,
  goOn: (session_id) => ["claude", "--resume", session_id],
  chatter:
    /^(\[(session\/|idle-compaction\]|authStatus\])|claude auth status failed|Failed to cancel prompt|Session \S+: could not drop)/,
};

/** A rule that asks outweighs every rule that allows, in the user's settings and in those of the project. */
const ASKED = [
  "Bash",
  "PowerShell",
  "Monitor",
  "Edit",
  "Write",
  "NotebookEdit",
  "EnterWorktree",
  "ExitWorktree",
  "Workflow",
  "Skill",
  "WebFetch",
  "WebSearch",
  "mcp__*",
];

function bind({ permissions: policy }: PolicyRequest): Binding {
  if (policy === "allow") return {};
  const permissions = { ask: ASKED, disableBypassPermissionsMode: "disable" };
  const settings = { permissions, disableAutoMode: "disable", sandbox: { autoAllowBashIfSandboxed: false } };
  return { session_meta: { claudeCode: { options: { settings } } } };
}

/** `dynamic`: the server came with the session. One of a project may have the same name. */
function isToolOf({ _meta }: WireObject, server: string): boolean {
  const from = objectOf(objectOf(objectOf(_meta)?.claudeCode)?.mcpServer);
  return from?.name === server && from.source === "dynamic";
}

function recognize(launched: Launched): ProcessType | undefined {
  const { role, path } = launched;
  if (isDesktop(launched)) return "claude_desktop";
  // A Claude Code that is bundled with an extension runs in the editor's own Node.
  const isBundled = role === "editor_script" && /\/claude-code\/cli\.[cm]?js$/.test(path);
  const isAdapter = bears(launched, ADAPTER);
  if (!isBundled && !isAdapter && !bears(launched, PROGRAM)) return undefined;
  if (/\/(\.cursor|\.cursor-server|Cursor|Cursor\.app|(share|opt|lib|programs)\/cursor)\//.test(path)) {
    return "cursor_claude";
  }
  return isAdapter || path.includes("/claude-agent-sdk") ? "anthropic_claude" : "claude";
}

function isDesktop({ path, name, role }: Launched): boolean {
  if (role === "editor_script" || role === "shell_script") return false;
  // Claude Desktop keeps a Claude Code in its data folder. That is an agent like any other.
  if (path.includes("/claude-code/")) return false;
  return path.includes("/Claude.app/Contents/") || /\/AnthropicClaude\//i.test(path) ||
    path.includes("/claude-desktop/") || name === "claude-desktop";
}

function troubleOf(sign: AgentSign, at: AgentMoment): ModelTrouble | undefined {
  return sign.from === "notification" && sign.method === "_claude/sdkMessage"
    ? retryOf(objectOf(sign.params.message), at)
    : acpMake.troubleOf(sign, at);
}

/** It says why its model did not answer as if that were its answer, before it fails with the same text. */
function noticeOf(update: WireObject, hasFailed: boolean): Notice | undefined {
  const text = messageText(update);
  const isError = text !== undefined &&
    /^API Error: (\d{3} |Request rejected \(\d{3}\)|Repeated \d{3} |Connection |Unable to connect)/.test(
      text,
    );
  if (isError) return { level: "error", text };
  const notice = acpMake.noticeOf(update, hasFailed);
  return notice && turnSign(update) === "refused" ? { ...notice, level: "warn" } : notice;
}

/** When the provider's safety system has stopped an answer, Claude Code asks once more, and only a notice tells. */
function turnSign(update: WireObject): TurnSign | undefined {
  const notice = noticeIn(update);
  return notice !== undefined && /\bsafeguards stopped the response\b/i.test(notice.text)
    ? "refused"
    : undefined;
}

/** When a command in its background has ended, Claude Code goes on of itself. */
function ownWorkOf(sign: AgentSign): OwnWork | undefined {
  if (sign.from !== "notification" || sign.method !== "_claude/sdkMessage") return undefined;
  const message = objectOf(sign.params.message);
  switch (message?.subtype) {
    case "session_state_changed":
      return { isAtWork: message.state !== "idle" };
    case "background_tasks_changed":
      return { background: listOf(message.tasks).length };
    default:
      return undefined;
  }
}

/** Claude Code itself does not wait for longer between two tries. A longer delay is what its provider told. */
const LONGEST_OWN_DELAY_MS = 45_000;

/** `{"type":"system","subtype":"api_retry","attempt":1,"max_retries":10,"error_status":401,"error":"…"}`; no status: no answer. */
function retryOf(message: WireObject | undefined, { now_ms }: AgentMoment): ModelTrouble | undefined {
  if (message?.subtype !== "api_retry") return undefined;
  const status = numberOf(message.error_status);
  const error = textOf(message.error) ?? "unknown";
  const what = status === undefined ? "no answer" : `HTTP ${status}`;
  const kind = kindOfName(error) ?? kindOfStatus(status);
  const delay_ms = numberOf(message.retry_delay_ms) ?? 0;
  return given({
    kind,
    what: error === "unknown" ? what : `${what}, ${error.replaceAll("_", " ")}`,
    until_ms: kind === "provider_limit" && delay_ms > LONGEST_OWN_DELAY_MS ? now_ms + delay_ms : undefined,
    attempt: numberOf(message.attempt),
    of: numberOf(message.max_retries),
  });
}

/** `{"type":"system","subtype":"init","mcp_servers":[{"name":"x","status":"failed"},…]}` */
function brokenServers(sign: AgentSign): BrokenServer[] {
  if (sign.from !== "notification" || sign.method !== "_claude/sdkMessage") return [];
  const message = objectOf(sign.params.message);
  if (message?.subtype !== "init") return [];
  return objectsOf(message.mcp_servers).flatMap(({ name, status }) => {
    const server = textOf(name);
    if (server === undefined || (status !== "failed" && status !== "needs-auth")) return [];
    return [{ name: server, why: status === "failed" ? undefined : "it wants a login" }];
  });
}
