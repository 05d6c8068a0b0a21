import { keptByOpenCode } from "./kept_places.ts";
import type { PlanStep } from "../../domain/task.ts";
import { changeOf, changeOfPatch, type FileChange } from "../acp/file_change.ts";
import type { AgentMoment } from "../acp/agent_moment.ts";
import { type ModelTrouble, troubleInText } from "../acp/model_trouble.ts";
import { stepsOf } from "../acp/progress.ts";
import { listOf, objectOf, objectsOf, textOf } from "../acp/wire_value.ts";
import { bindOpenCode, type OpenCodeKind, usualVariables } from "./opencode_binding.ts";
import { deniedInShell } from "./opencode_shell.ts";
import { acpMake } from "./acp_make.ts";
import type { AgentMake, AgentSign, BrokenServer, WireObject } from "./agent_make.ts";
import { bears, type OwnSigns } from "./own_process.ts";

const SIGNS: OwnSigns = { names: ["opencode"], scripts: /\/opencode-ai\/bin\/opencode$/ };

const KIND: OpenCodeKind = {
  prefix: "OPENCODE",
  folder: "opencode",
  agents: ["build", "plan"],
  runsUnasked: true,
};

/** The first arguments of commands that do not run an agent, such as housekeeping and queries. */
const HOUSEKEEPING = new Set([
  "auth",
  "completion",
  "export",
  "import",
  "mcp",
  "models",
  "session",
  "stats",
  "uninstall",
  "upgrade",
  "--help",
  "-h",
  "--version",
  "-v",
]);

const NOT_TOLD = "The agent did not report what the file held before";

/** `opencode acp`. */
export const opencode: AgentMake = {
  ...acpMake,
  name: "opencode",
  display_name: "OpenCode",
  icon: "M5 3h14v18H5z M9 7h6v10H9z",
  install: {
    command: "npm install -g opencode-ai",
    advice: "Install OpenCode with `npm install -g opencode-ai`, then `opencode auth login`.",
  },
  login: {
    advice:
      "Log in with `opencode auth login`, or set a provider's key for the server, such as ANTHROPIC_API_KEY.",
    variables: ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"],
    files: ({ HOME, XDG_DATA_HOME = `${HOME}/.local/share` }) => [`${XDG_DATA_HOME}/opencode/auth.json`],
    // Its makers offer some models for free.
    isOptional: true,
  },
  kept: keptByOpenCode("opencode"),
  programs: ["opencode"],
  standard: {
    command: ["opencode", "acp"],
    pass_env: usualVariables(KIND),
  },
  recognize: (launched) =>
    bears(launched, SIGNS) && !HOUSEKEEPING.has(launched.first_argument ?? "") ? "opencode" : undefined,
  // An agent must not replace its own program in the middle of a task.
  environment: () => ({ OPENCODE_DISABLE_AUTOUPDATE: "1" }),
  // Its log is the only place where it tells that its model does not answer, or an MCP server.
  arguments: ({ agent: { command } }) =>
    command.includes("--print-logs") ? [] : ["--print-logs", "--log-level", "WARN"],
  modes: () => ["build"],
  bind: (request) => bindOpenCode(KIND, request),
  deniedIn: deniedInShell,
  isToolOf,
  // The rules for the task's mode define an agent of that name. Its own agents must have a description.
  hasMode: ({ description }) => description !== undefined,
  // Its modes are its agents. Its permission settings decide in all of them.
  unasked: () => "nothing",
  // It needs no account for the models that its makers offer for free.
  session_shows_login: true,
  answers_once: true,
  troubleOf,
  brokenServers,
  goOn: (session_id) => ["opencode", "--session", session_id],
  // Language servers, which it starts when it first reads a file of theirs.
  helpers:
    /language-?server|\btsserver\b|\b(gopls|rust-analyzer|clangd|pyright|jdtls|zls|ruby-lsp|solargraph|elixir-ls|lua-language-server|sourcekit-lsp|biome|oxlint)\b|--stdio|\/\.?opencode\/bin\//,
  // Of each file that a person has let it write.
  tells_writes: true,
  // What it answers with an error, it prints too.
  chatter: /^Error handling request \{| level=WARN | level=ERROR .* message=process .* error=|^\s*\d+ \| /,
  planOf: (update) => acpMake.planOf(update) ?? todoListOf(update),
  changesOf,
  tells_cost: true,
  tokens_scope: "last_model_call",
};

/** A request for a place outside or a search has the model's words as its title, but also an input. */
function isToolOf({ kind, title = "", rawInput, locations }: WireObject, server: string): boolean {
  const hasNothing = listOf(locations).length === 0 && Object.keys(objectOf(rawInput) ?? {}).length === 0;
  return kind === "other" && hasNothing && String(title).startsWith(`${server}_`);
}

/** `timestamp=… level=ERROR … message="stream error" … small=false … error.error="AI_APICallError: Too Many Requests"`. */
function troubleOf(sign: AgentSign, at: AgentMoment): ModelTrouble | undefined {
  // A small model makes the session's title; the work goes on without one.
  if (sign.from !== "stderr") return acpMake.troubleOf(sign, at);
  if (!/ message="stream error" .* small=false /.test(sign.line)) return undefined;
  const [, quoted] = / error\.error=("(?:[^"\\]|\\.)*")/.exec(sign.line) ?? [];
  if (quoted === undefined) return undefined;
  try {
    return troubleInText(String(JSON.parse(quoted)).replace(/^AI_\w+Error: /, ""), at);
  } catch {
    // A line that is cut in the middle.
    return undefined;
  }
}

/** `timestamp=… level=WARN … message="server unavailable" key=NAME type=local status=failed` */
function brokenServers(sign: AgentSign): BrokenServer[] {
  if (sign.from !== "stderr") return [];
  const [, name] = / message="server unavailable" key="?([^\s"]+)"? /.exec(sign.line) ?? [];
  return name === undefined ? [] : [{ name }];
}

/**
 * OpenCode sends no plan. Its todo list is in `rawInput.todos` of a tool call, or in `rawOutput.metadata.todos` when a
 * session is loaded again.
 */
export function todoListOf(update: WireObject): PlanStep[] | undefined {
  if (update.sessionUpdate !== "tool_call" && update.sessionUpdate !== "tool_call_update") return undefined;
  return stepsOf(objectOf(update.rawInput)?.todos) ??
    stepsOf(objectOf(objectOf(update.rawOutput)?.metadata)?.todos);
}

/** OpenCode reports edits in several ways. The first that reports a change is used. */
export function changesOf(call: WireObject): FileChange[] {
  const patched = ownPatches(call);
  const reported = patched.length > 0 ? patched : acpMake.changesOf(call);
  return reported.length > 0 ? reported : writtenWhole(call);
}

/** Patches in the metadata of an edit. The content parts contain only the text around it. */
function ownPatches(call: WireObject): FileChange[] {
  const metadata = objectOf(objectOf(call.rawOutput)?.metadata);
  const files = objectsOf(metadata?.files);
  const input = objectOf(call.rawInput);
  const single = { filePath: objectOf(metadata?.filediff)?.file ?? input?.filePath, patch: metadata?.diff };
  return [single, ...files].flatMap((file) => {
    const path = textOf(file.filePath);
    const patch = textOf(file.patch);
    return path === undefined || patch === undefined ? [] : changeOfPatch(path, patch) ?? [];
  });
}

/** The tool `write` reports only what it wrote and whether the file existed. */
function writtenWhole(call: WireObject): FileChange[] {
  const input = objectOf(call.rawInput);
  const existed = objectOf(objectOf(call.rawOutput)?.metadata)?.exists;
  const path = textOf(input?.filePath);
  if (path === undefined || typeof input?.content !== "string" || typeof existed !== "boolean") return [];
  const change = changeOf(path, "", input.content, !existed);
  if (!existed) return [change];
  return [{ ...change, removed: undefined, note: change.note ?? NOT_TOLD }];
}
