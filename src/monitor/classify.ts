/**
 * Tells from what a process runs whether it is a coding agent. Only the program and the script that an
 * interpreter or shell was given count: whatever merely names an agent in an argument (a shell with `-c`, an
 * editor, grep, a wrapper such as sudo or timeout) is none.
 */
import type { AgentKind, ProcessType } from "../protocol/process.ts";

/** What is known of a running program. */
export interface RunningProgram {
  /** The name that the kernel shows, on Linux cut to 15 characters; a program may set it itself. */
  name: string;
  /** Path of the executable, where it can be found out. */
  executable?: string;
  /** `argv[0]` first. Where only the joined line is known, it is split at spaces. */
  argv: readonly string[];
}

export interface Classification {
  type: ProcessType;
  /** Absent for everything that is no agent. */
  agent?: AgentKind;
  is_opencode: boolean;
  is_claude_desktop: boolean;
}

export const NO_AGENT: Classification = { type: "unknown", is_opencode: false, is_claude_desktop: false };

const CLAUDE_DESKTOP: Classification = {
  type: "claude_desktop",
  agent: "claude",
  is_opencode: false,
  is_claude_desktop: true,
};

/** Programs whose script says what they are. */
const INTERPRETER = /^(node(js)?|bun|deno|python[\d.]*|pypy[\d.]*|electron)$/i;

/** A script of theirs that is named as an agent is one: until it becomes the agent, or ends with it. */
const SHELL = /^(sh|bash|dash|zsh|fish|ksh|mksh|ash|csh|tcsh|busybox|pwsh|powershell|cmd)$/i;

/** An editor's or desktop program's own Node; the only script in it that counts is a bundled Claude Code. */
const EDITOR = /^(code|cursor|windsurf|code helper.*|cursor helper.*)$/i;

/** Options of interpreters that are followed by a value of their own. */
const VALUED_OPTION =
  /^(-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file|--cwd|-c|--config|--import-map|--title|-W|-X|--preload)$/;

/** Options with which an interpreter runs no script file. */
const INLINE_CODE = /^(-e|--eval|-p|--print|-m|-i|--interactive|-)$/;

/** Options of shells that are followed by a value of their own. */
const SHELL_VALUED_OPTION = /^([-+][oO]|--rcfile|--init-file)$/;

/** Options with which a shell runs a command line, or what it reads, and no script file. */
const SHELL_NO_SCRIPT = /^-[a-zA-Z]*[cs][a-zA-Z]*$|^-$/;

/** The first argument of OpenCode's commands that run no agent: housekeeping, and questions answered at once. */
const OPENCODE_HOUSEKEEPING = new Set([
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

/** Scripts known by where they lie in their package, whatever their own name. */
const PACKAGED: [pattern: RegExp, agent: AgentKind, adapter: boolean][] = [
  [/\/(claude-agent-acp|claude-code-acp)\/(dist|bin)\/[^/]+$/, "claude", true],
  [/\/codex-acp\/(dist|bin)\/[^/]+$/, "codex", true],
  [/\/@anthropic-ai\/claude-agent-sdk[^/]*\/cli\.[cm]?js$/, "claude", true],
  [/\/(@anthropic-ai|resources)\/claude-code\/cli\.[cm]?js$/, "claude", false],
  [/\/opencode-ai\/bin\/opencode$/, "opencode", false],
  [/\/@openai\/codex\/bin\/codex(\.js)?$/, "codex", false],
  [/\/(gemini-cli|@google\/gemini-cli)\/(bundle\/gemini|dist\/index)\.js$/, "gemini", false],
  [/\/cursor-agent\/versions\/[^/]+\/index\.js$/, "cursor", false],
];

/** Names of programs and scripts, without extension. */
const NAMED = new Map<string, [agent: AgentKind, adapter: boolean]>([
  ["opencode", ["opencode", false]],
  ["claude", ["claude", false]],
  ["claude-code", ["claude", false]],
  ["claude-agent-acp", ["claude", true]],
  ["claude-code-acp", ["claude", true]],
  ["codex", ["codex", false]],
  ["codex-acp", ["codex", true]],
  ["gemini", ["gemini", false]],
  ["cursor-agent", ["cursor", false]],
]);

function slashes(path: string): string {
  return path.replaceAll("\\", "/");
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The last part of a path without what marks a program or script: `claude` of `C:\…\claude.exe`. */
function programName(path: string): string {
  // A login shell's name starts with a dash; ` (deleted)` follows an executable that has been replaced.
  return baseName(path).replace(/^-/, "").replace(/ \(deleted\)$/, "").replace(
    /\.(exe|cmd|[cm]?js|py)$/i,
    "",
  );
}

/** The script that an interpreter runs; undefined when it runs none. */
function scriptOf(interpreter: string, argv: readonly string[]): { path: string; next?: string } | undefined {
  let i = 1;
  if (/^(deno|bun)$/i.test(interpreter) && argv[i] === "run") i++;
  for (; i < argv.length; i++) {
    const argument = argv[i]!;
    if (INLINE_CODE.test(argument)) return undefined;
    // To Python, `-c` is code; to the others, a setting.
    if (argument === "-c" && /^py/i.test(interpreter)) return undefined;
    if (VALUED_OPTION.test(argument)) i++;
    else if (!argument.startsWith("-")) {
      return { path: slashes(argument), ...(argv[i + 1] === undefined ? {} : { next: argv[i + 1]! }) };
    }
  }
  return undefined;
}

/** The script file that a shell runs; undefined when it runs none. */
function shellScriptOf(argv: readonly string[]): { path: string; next?: string } | undefined {
  for (let i = 1; i < argv.length; i++) {
    const argument = argv[i]!;
    if (SHELL_NO_SCRIPT.test(argument)) return undefined;
    if (SHELL_VALUED_OPTION.test(argument)) i++;
    else if (!/^[-+]/.test(argument)) {
      return { path: slashes(argument), ...(argv[i + 1] === undefined ? {} : { next: argv[i + 1]! }) };
    }
  }
  return undefined;
}

function isClaudeDesktop(path: string): boolean {
  // Desktop keeps a Claude Code of its own in its data folder, which is an agent like any other.
  if (path.includes("/claude-code/")) return false;
  return path.includes("/Claude.app/Contents/") || /\/AnthropicClaude\//i.test(path) ||
    path.includes("/claude-desktop/") || programName(path) === "claude-desktop";
}

function agent(kind: AgentKind, adapter: boolean, path: string): Classification {
  return {
    type: typeOf(kind, adapter, path),
    agent: kind,
    is_opencode: kind === "opencode",
    is_claude_desktop: false,
  };
}

/** The document has no types for Codex and Gemini: they are `unknown`, told apart by `agent`. */
function typeOf(kind: AgentKind, adapter: boolean, path: string): ProcessType {
  if (kind === "opencode") return "opencode";
  if (kind === "cursor") return "cursor_claude";
  if (kind !== "claude") return "unknown";
  if (/\/(\.cursor|\.cursor-server|Cursor|Cursor\.app|(share|opt|lib|programs)\/cursor)\//.test(path)) {
    return "cursor_claude";
  }
  return adapter || path.includes("/claude-agent-sdk") ? "anthropic_claude" : "claude";
}

function ofPath(path: string, first_argument: string | undefined): Classification | undefined {
  for (const [pattern, kind, adapter] of PACKAGED) {
    if (pattern.test(path)) return ofKind(kind, adapter, path, first_argument);
  }
  const named = NAMED.get(programName(path));
  return named && ofKind(...named, path, first_argument);
}

function ofKind(
  kind: AgentKind,
  adapter: boolean,
  path: string,
  first_argument: string | undefined,
): Classification | undefined {
  if (kind === "opencode" && OPENCODE_HOUSEKEEPING.has(first_argument ?? "")) return undefined;
  return agent(kind, adapter, path);
}

/** What `program` is; `NO_AGENT` when it is no coding agent. */
export function classify(program: RunningProgram): Classification {
  const { argv } = program;
  const first = slashes(argv[0] ?? "");
  const executable = slashes(program.executable ?? "");
  const interpreter = programName(first);
  if (SHELL.test(interpreter)) {
    const script = shellScriptOf(argv);
    return (script && ofPath(script.path, script.next)) ?? NO_AGENT;
  }
  if (isClaudeDesktop(first) || isClaudeDesktop(executable)) {
    return CLAUDE_DESKTOP;
  }
  if (INTERPRETER.test(interpreter)) {
    const script = scriptOf(interpreter, argv);
    if (script && isClaudeDesktop(script.path)) return CLAUDE_DESKTOP;
    return (script && ofPath(script.path, script.next)) ?? NO_AGENT;
  }
  const editor = [interpreter, programName(executable), program.name].some((name) => EDITOR.test(name));
  if (editor) {
    const script = slashes(argv[1] ?? "");
    return /\/claude-code\/cli\.[cm]?js$/.test(script) ? ofPath(script, argv[2]) ?? NO_AGENT : NO_AGENT;
  }
  // The executable's path says more than a name that the program gave itself, when both mean an agent.
  return ofPath(executable, argv[1]) ?? ofPath(first, argv[1]) ?? ofSpacedPath(program) ?? NO_AGENT;
}

/**
 * A program whose path holds spaces, where only the joined line is known: the kernel's name says where the path
 * ends. A second path before it would mean that this is a script, and the first one its interpreter.
 */
function ofSpacedPath({ name, executable, argv }: RunningProgram): Classification | undefined {
  if (executable !== undefined || !NAMED.has(name)) return undefined;
  const line = argv.join(" ");
  const at = `${line} `.indexOf(`/${name} `);
  const path = line.slice(0, at + 1 + name.length);
  if (at < 0 || / [/-]/.test(path)) return undefined;
  return ofPath(path, line.slice(path.length).trim().split(" ")[0]);
}
