/**
 * Finds what a process really runs: a program, or the script that an interpreter, a shell or an editor was given. Other
 * arguments do not count: a shell with `-c`, grep, or a wrapper such as sudo or timeout may name an agent without being
 * one.
 */
import type { ProcessType } from "../../protocol/process.ts";

/** A running program as the system shows it. */
export interface RunningProgram {
  /** The kernel's name for the process. Linux cuts it to 15 characters. A program may change its own name. */
  name: string;
  /** Path of the executable, if known. */
  executable?: string;
  /** `argv[0]` first. If only the joined command line is known, it is split at spaces. */
  argv: readonly string[];
}

/** One candidate for what a process runs. */
export interface Launched {
  /** Its path, with slashes on every system. */
  path: string;
  /** The last part of the path, without an extension. */
  name: string;
  role: "program" | "script" | "shell_script" | "interpreter" | "editor_script";
  /** The argument after it. */
  first_argument: string | undefined;
}

/** Recognizes the processes of one agent. */
export interface AgentRecognizer {
  /** The agent's name, shown as `agent` of a process. */
  agent: string;
  /** The agent's process type in the API document (`unknown` if it has none); undefined for any other program. */
  recognize(launched: Launched): ProcessType | undefined;
}

/** Programs whose script shows what they run. */
const INTERPRETER = /^(node(js)?|bun|deno|python[\d.]*|pypy[\d.]*|electron)$/i;

/** Shells. A script that they run counts, since it becomes the agent or ends with it. */
const SHELL = /^(sh|bash|dash|zsh|fish|ksh|mksh|ash|csh|tcsh|busybox|pwsh|powershell|cmd)$/i;

/** Editors and desktop programs that contain their own Node. */
const EDITOR = /^(code|cursor|windsurf|code helper.*|cursor helper.*)$/i;

/** Options of interpreters that are followed by a value. */
const VALUED_OPTION =
  /^(-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file|--cwd|-c|--config|--import-map|--title|-W|-X|--preload)$/;

/** Options with which an interpreter runs no script file. */
const INLINE_CODE = /^(-e|--eval|-p|--print|-m|-i|--interactive|-)$/;

/** Options of shells that are followed by a value. */
const SHELL_VALUED_OPTION = /^([-+][oO]|--rcfile|--init-file)$/;

/** Options with which a shell runs a command line or its stdin instead of a script file. */
const SHELL_NO_SCRIPT = /^-[a-zA-Z]*[cs][a-zA-Z]*$|^-$/;

/** The candidates for what `program` runs, the most telling first. */
export function launchedBy(program: RunningProgram): Launched[] {
  const { argv } = program;
  const first = slashes(argv[0] ?? "");
  const executable = slashes(program.executable ?? "");
  const name = programName(first);
  if (SHELL.test(name)) return launched("shell_script", scriptOfShell(argv));
  if (INTERPRETER.test(name)) {
    return [
      ...launched("interpreter", { path: first }),
      ...launched("interpreter", { path: executable }),
      ...launched("script", scriptOfInterpreter(name, argv)),
    ];
  }
  if ([name, programName(executable), program.name].some((each) => EDITOR.test(each))) {
    return [
      ...launched("interpreter", { path: first }),
      ...launched("interpreter", { path: executable }),
      ...launched("editor_script", { path: argv[1], next: argv[2] }),
    ];
  }
  return [
    // The executable's path is more reliable than a name that the program gave itself.
    ...launched("program", { path: executable, next: argv[1] }),
    ...launched("program", { path: first, next: argv[1] }),
    ...launched("program", spacedPath(program)),
  ];
}

interface Found {
  path: string | undefined;
  next?: string;
}

function launched(role: Launched["role"], found: Found | undefined): Launched[] {
  if (!found?.path) return [];
  const path = slashes(found.path);
  return [{ path, name: programName(path), role, first_argument: found.next }];
}

function slashes(path: string): string {
  return path.replaceAll("\\", "/");
}

/** The last part of a path without the extension of a program or script: `claude` for `C:\…\claude.exe`. */
function programName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1)
    // A login shell's name starts with a dash. Linux appends ` (deleted)` to an executable that has been replaced.
    .replace(/^-/, "").replace(/ \(deleted\)$/, "").replace(/\.(exe|cmd|[cm]?js|py)$/i, "");
}

/** The script that an interpreter runs; undefined if it runs none. */
function scriptOfInterpreter(interpreter: string, argv: readonly string[]): Found | undefined {
  let i = 1;
  if (/^(deno|bun)$/i.test(interpreter) && argv[i] === "run") i++;
  for (; i < argv.length; i++) {
    const argument = argv[i]!;
    if (INLINE_CODE.test(argument)) return undefined;
    // For Python, `-c` is code; for the others, it is a setting.
    if (argument === "-c" && /^py/i.test(interpreter)) return undefined;
    if (VALUED_OPTION.test(argument)) i++;
    else if (!argument.startsWith("-")) return { path: argument, next: argv[i + 1] };
  }
  return undefined;
}

/** The script file that a shell runs; undefined if it runs none. */
function scriptOfShell(argv: readonly string[]): Found | undefined {
  for (let i = 1; i < argv.length; i++) {
    const argument = argv[i]!;
    if (SHELL_NO_SCRIPT.test(argument)) return undefined;
    if (SHELL_VALUED_OPTION.test(argument)) i++;
    else if (!/^[-+]/.test(argument)) return { path: argument, next: argv[i + 1] };
  }
  return undefined;
}

/**
 * Handles a program whose path contains spaces when only the joined command line is known. The kernel's name for the
 * process shows where the path ends. If a second path comes before that, this is a script and the first path is its
 * interpreter, so the result is undefined.
 */
function spacedPath({ name, executable, argv }: RunningProgram): Found | undefined {
  if (executable !== undefined || name === "") return undefined;
  const line = argv.join(" ");
  const at = `${line} `.indexOf(`/${name} `);
  const path = line.slice(0, at + 1 + name.length);
  if (at < 0 || / [/-]/.test(path)) return undefined;
  return { path, next: line.slice(path.length).trim().split(" ")[0] };
}
