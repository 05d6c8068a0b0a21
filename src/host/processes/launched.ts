/**
 * What a process really runs: a program, or the script that an interpreter, a shell or an editor was given. Whatever
 * else is among the arguments does not count: a shell with `-c`, grep, or a wrapper such as sudo or timeout may name
 * an agent without being one.
 */
import type { ProcessType } from "../../protocol/process.ts";

/** What is known of a running program. */
export interface RunningProgram {
  /** The name that the kernel shows, on Linux cut to 15 characters; a program may set it itself. */
  name: string;
  /** Path of the executable, where it is known. */
  executable?: string;
  /** `argv[0]` first. Where only the joined line is known, it is split at spaces. */
  argv: readonly string[];
}

/** One thing that a process may be said to run. */
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
  /** The type that the API document has for it (`unknown` when it has none); undefined for any other program. */
  recognize(launched: Launched): ProcessType | undefined;
}

/** Programs whose script says what they are. */
const INTERPRETER = /^(node(js)?|bun|deno|python[\d.]*|pypy[\d.]*|electron)$/i;

/** A script of theirs counts, since it becomes the agent or ends with it. */
const SHELL = /^(sh|bash|dash|zsh|fish|ksh|mksh|ash|csh|tcsh|busybox|pwsh|powershell|cmd)$/i;

/** An editor's or desktop program's own Node. */
const EDITOR = /^(code|cursor|windsurf|code helper.*|cursor helper.*)$/i;

/** Options of interpreters that are followed by a value. */
const VALUED_OPTION =
  /^(-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file|--cwd|-c|--config|--import-map|--title|-W|-X|--preload)$/;

/** Options with which an interpreter runs no script file. */
const INLINE_CODE = /^(-e|--eval|-p|--print|-m|-i|--interactive|-)$/;

/** Options of shells that are followed by a value. */
const SHELL_VALUED_OPTION = /^([-+][oO]|--rcfile|--init-file)$/;

/** Options with which a shell runs a command line, or what it reads, and no script file. */
const SHELL_NO_SCRIPT = /^-[a-zA-Z]*[cs][a-zA-Z]*$|^-$/;

/** What `program` may be said to run; what says most about it comes first. */
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
    // The executable's path says more than a name that the program gave itself.
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

/** The last part of a path without what marks a program or script: `claude` of `C:\…\claude.exe`. */
function programName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1)
    // A login shell's name starts with a dash; ` (deleted)` follows an executable that has been replaced.
    .replace(/^-/, "").replace(/ \(deleted\)$/, "").replace(/\.(exe|cmd|[cm]?js|py)$/i, "");
}

/** The script that an interpreter runs; undefined when it runs none. */
function scriptOfInterpreter(interpreter: string, argv: readonly string[]): Found | undefined {
  let i = 1;
  if (/^(deno|bun)$/i.test(interpreter) && argv[i] === "run") i++;
  for (; i < argv.length; i++) {
    const argument = argv[i]!;
    if (INLINE_CODE.test(argument)) return undefined;
    // To Python, `-c` is code; to the others, a setting.
    if (argument === "-c" && /^py/i.test(interpreter)) return undefined;
    if (VALUED_OPTION.test(argument)) i++;
    else if (!argument.startsWith("-")) return { path: argument, next: argv[i + 1] };
  }
  return undefined;
}

/** The script file that a shell runs; undefined when it runs none. */
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
 * A program whose path holds spaces, where only the joined line is known: the kernel's name says where the path
 * ends. A second path before it would mean that this is a script, and the first one its interpreter.
 */
function spacedPath({ name, executable, argv }: RunningProgram): Found | undefined {
  if (executable !== undefined || name === "") return undefined;
  const line = argv.join(" ");
  const at = `${line} `.indexOf(`/${name} `);
  const path = line.slice(0, at + 1 + name.length);
  if (at < 0 || / [/-]/.test(path)) return undefined;
  return { path, next: line.slice(path.length).trim().split(" ")[0] };
}
